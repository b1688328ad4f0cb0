# The whole build: program, tests, sanitizer variants, fuzzers, lint, install. A new file needs no line here.
#
#   make                       build/weir
#   make run ARGS='...'        installs what is missing, builds, starts the proxy with its main job
#   make check                 installs what is missing, then runs every test
#   make unit|play|e2e|lint|docs-check|fuzz|asan|tsan      one part of that; unit-NAME, fuzz-NAME: one program
#   make security              what the last 'make check' said of the tests in docs/SECURITY.md
#   make mutants [ID='V1 V2']  takes defences out of a copy, one at a time: the tests must notice
#   make fuzz-long             fuzzes for FUZZ_SECONDS each [FUZZ_NAMES='url tls'], keeps what was learnt in t/fuzz
#   make fuzz-report           what the fuzzers have done so far, and the coverage of tests and corpora by file
#   make bench|bench-check|abuse|profile ARGS='...'      speed: see docs/PERFORMANCE.md
#   make faults|soak           every byte of test_faults.py; mixed traffic for MINUTES=60
#   make long-streams          gRPC and server-sent events for MINUTES=60, RATE=100 a second: nothing may grow, get lost or wait
#   make churn MINUTES=10      clients that come and go for so long: nothing may grow
#   make smuggle               every ambiguous message, in place of a part of them, and docs/SMUGGLING.md
#   make tidy|coverage|format|docs|install|clean|compile_commands.json
#
#   V=release|asan|tsan|cov|fuzz|clang     the variant, each in a folder of its own below B (default: build)
#   DIRS='base codec'                      only these folders of src/ and the unit tests of their files
#   CC=gcc|clang   WERROR=   FUZZ_SECONDS=8   DESTDIR= PREFIX=/usr/local

B ?= build
V ?= release
O := $(B)/$(V)
PREFIX ?= /usr/local
WERROR ?= -Werror
FUZZ_SECONDS ?= 8
MINUTES ?= 60
PYTHON ?= /usr/bin/python3
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz clang,$(V)),clang,gcc)
endif

PACKAGES := libssl libcrypto libuv libcares libnghttp2 zlib libbrotlidec libbrotlienc libzstd jansson yaml-0.1 libpcre2-8 expat
# Asked once, and only when something is compiled: on a bare machine pkg-config itself may be missing.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

# Flags ----------------------------------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wformat=2 -Wvla -Walloca -Wswitch-enum \
	-Wimplicit-fallthrough -Wnull-dereference -Wredundant-decls -Wdouble-promotion
HARDEN := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
ifeq ($(findstring clang,$(CC)),)
GCC_ONLY := -Wduplicated-cond -Wduplicated-branches -Wlogical-op $(if $(filter release,$(V)),-ftrivial-auto-var-init=zero)
SRC_FLAGS := $(if $(filter release,$(V)),-Wstack-usage=16384)
# In instrumented code gcc sees paths that are not there.
WARN += $(if $(filter asan tsan cov,$(V)),-Wno-null-dereference -Wno-maybe-uninitialized)
endif
SANITIZE := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize

MODE_release := $(HARDEN)
MODE_clang := $(HARDEN)
MODE_asan := $(SANITIZE)=address,undefined
MODE_tsan := $(SANITIZE)=thread
MODE_fuzz := $(SANITIZE)=fuzzer-no-link,address,undefined
MODE_cov := -O0 --coverage
MODE := $(or $(MODE_$(V)),$(error V must be one of release asan tsan cov fuzz clang))

VERSION := $(shell cat VERSION)
COMPILE = $(CC) -std=c17 -g -fPIE $(MODE) $(WARN) $(GCC_ONLY) $(WERROR) -D_GNU_SOURCE -DWEIR_VERSION=\"$(VERSION)\" -Isrc \
	-include src/base/banned.h $(PKG_CFLAGS) $(CFLAGS)
LINK = $(CC) -g -pie $(MODE) -Wl,-z,relro,-z,now,--as-needed $(LDFLAGS)
# It takes the place of malloc in the whole program; the sanitizers have heaps of their own.
HEAP_release := -Wl,--no-as-needed -lmimalloc -Wl,--as-needed
HEAP_clang := $(HEAP_release)
HEAP := $(HEAP_$(V))
# The sanitizers have a crypt_r of their own, which calls that of the library.
LIBS = $(HEAP) $(PKG_LIBS) -Wl,--no-as-needed -lcrypt -Wl,--as-needed -lpthread

# Files ----------------------------------------------------------------------------------------------------------------
IN := $(if $(DIRS),$(addprefix src/,$(DIRS)),$(filter-out src/main.c,$(wildcard src/*)))
SRC := $(sort $(shell find $(IN) -name '*.c'))
EMBED := $(sort $(shell find $(IN) -name '*.html' -o -name '*.css' -o -name '*.txt' -o -name '*.json'))
T_LIB := $(if $(filter-out base,$(or $(DIRS),all)),$(wildcard t/lib/*.c))
NAMES := $(sort $(basename $(notdir $(shell find $(IN) -name '*.[ch]'))))
UNIT := $(if $(DIRS),$(wildcard $(NAMES:%=t/unit/%_test.c)),$(wildcard t/unit/*_test.c))
FUZZ := $(wildcard t/fuzz/*.c)
BENCH := $(filter-out t/bench/preload%,$(wildcard t/bench/*.c))
BENCH_LIB := $(wildcard t/bench/lib/*.c)
BENCH_BIN := $(BENCH:%.c=$(O)/%)
PLAY := $(sort $(shell find t/play -name '*.play' 2>/dev/null))
C_FILES := $(sort $(shell find src t -name '*.[ch]' ! -name '*list.h'))

obj = $(patsubst %,$(O)/obj/%.o,$(basename $(filter %.c,$1)) $(filter-out %.c,$1))
OBJ := $(call obj,$(SRC) $(EMBED))
ALL_OBJ := $(OBJ) $(call obj,$(if $(DIRS),,$(wildcard src/main.c t/play.c t/replay.c t/verdict.c) $(BENCH) $(BENCH_LIB)) $(T_LIB) $(UNIT))
UNIT_BIN := $(UNIT:t/%.c=$(O)/t/%)
FUZZ_NAMES ?= $(FUZZ:t/fuzz/%.c=%)
WEIR := $(if $(filter release,$(V)),$(B)/weir,$(O)/weir)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run check unit play e2e replay asan tsan fuzz fuzz-long fuzz-programs fuzz-report lint tidy coverage format made-docs docs docs-check security mutants install clean objects bench bench-programs bench-check abuse profile tsan-e2e faults soak soak-run long-streams churn smuggle FORCE
all: $(WEIR)
objects: $(ALL_OBJ)

# Program --------------------------------------------------------------------------------------------------------------
# These two files change only when their text does: other flags rebuild everything, another set of files the library.
$(O)/flags: FORCE
	@mkdir -p $(@D); echo '$(COMPILE) $(SRC_FLAGS)' | cmp -s - $@ || echo '$(COMPILE) $(SRC_FLAGS)' > $@
$(O)/files: FORCE
	@mkdir -p $(@D); echo '$(OBJ)' | cmp -s - $@ || echo '$(OBJ)' > $@

$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D); echo "CC $(V) $<"
	@$(COMPILE) $(FILE_FLAGS) -MMD -MP -c -o $@ $<
# Tests may leave a parameter alone that a signature demands, and trust a pointer that they just asked for.
$(O)/obj/t/%.o: FILE_FLAGS := -It -Wno-unused-parameter -Wno-null-dereference
$(O)/obj/src/%.o: FILE_FLAGS := $(SRC_FLAGS)

# src/x/y.html becomes the symbols embed_y_html and embed_y_html_len.
$(addprefix $(O)/obj/,$(addsuffix .o,$(EMBED))): $(O)/obj/%.o: % tools/embed $(O)/flags
	@mkdir -p $(@D); tools/embed $< > $(@:.o=.S)
	@$(CC) $(MODE) -c -o $@ $(@:.o=.S)

$(O)/libweir.a: $(OBJ) $(O)/files
	@rm -f $@; ar rcs $@ $(OBJ)
$(O)/libt.a: $(call obj,$(T_LIB)) $(O)/files
	@rm -f $@; ar rcs $@ $(call obj,$(T_LIB))
$(O)/weir: $(O)/obj/src/main.o $(O)/libweir.a
	@echo "LD $(V) $@"; $(LINK) -o $@ $^ $(LIBS)
$(B)/weir: $(B)/release/weir
	@ln -f $< $@

-include $(ALL_OBJ:.o=.d) $(patsubst %.o,%.d,$(call obj,$(FUZZ)))

run:
	@tools/setup build && $(MAKE) -s -j$$(nproc) V=release all && exec $(B)/weir dump $(ARGS)

install: $(B)/weir
	install -D -m 755 $(B)/weir $(DESTDIR)$(PREFIX)/bin/weir
	install -D -m 644 docs/weir.1 $(DESTDIR)$(PREFIX)/share/man/man1/weir.1

clean:
	rm -rf $(B)

# Tests: each part ends with a line 'N passed, N failed' ---------------------------------------------------------------
check:
	@tools/setup check && B=$(B) FUZZ_SECONDS=$(FUZZ_SECONDS) tools/check-all $(STAGES)

$(O)/t/unit/%_test: $(O)/obj/t/unit/%_test.o $(O)/libt.a $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -o $@ $< -Wl,--start-group $(O)/libt.a $(O)/libweir.a -Wl,--end-group $(LIBS) -lcmocka
$(O)/t/play: $(O)/obj/t/play.o $(O)/libt.a $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -o $@ $< -Wl,--start-group $(O)/libt.a $(O)/libweir.a -Wl,--end-group $(LIBS)
$(O)/t/verdict: $(O)/obj/t/verdict.o $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -o $@ $^ $(LIBS)
$(O)/t/fuzz/%: $(O)/obj/t/fuzz/%.o $(O)/libt.a $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(O)/libt.a $(O)/libweir.a -Wl,--end-group $(LIBS)
$(O)/t/bench/%: $(O)/obj/t/bench/%.o $(call obj,$(BENCH_LIB)) $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -o $@ $^ $(LIBS)

$(O)/t/replay/%: $(O)/obj/t/fuzz/%.o $(O)/obj/t/replay.o $(O)/libt.a $(O)/libweir.a
	@mkdir -p $(@D); $(LINK) -o $@ $(filter %.o,$^) -Wl,--start-group $(O)/libt.a $(O)/libweir.a -Wl,--end-group $(LIBS)

# What goes wrong under the whole program. The names that it takes the place of must not be macros, nor instrumented.
$(B)/faults.so: $(wildcard t/shim/*)
	@mkdir -p $(@D); echo "LD $@"
	@$(CC) -std=gnu17 -O2 -g -fPIC -shared -U_FORTIFY_SOURCE -D_GNU_SOURCE -Wall -Wextra $(WERROR) -o $@ $(wildcard t/shim/*.c)

unit: $(UNIT_BIN)
	@tools/run-unit $(UNIT_BIN)
unit-%: $(O)/t/unit/%_test
	@$<
play: $(O)/t/play
	@$(O)/t/play $(PLAY)
asan tsan:
	@$(MAKE) V=$@ unit play
# What threads share most: the rest is 'make V=tsan e2e'.
tsan-e2e:
	@$(MAKE) V=tsan e2e TESTS='t/e2e/test_disorder.py t/e2e/test_reload.py t/e2e/test_hold.py t/e2e/test_rule_api.py'
e2e: $(WEIR) $(B)/faults.so bench-programs
	@env -u MAKEFLAGS WEIR=$(abspath $(WEIR)) BENCH=$(abspath $(O)/t/bench) FAULTS_LIBRARY=$(abspath $(B)/faults.so) PYTHON=$(PYTHON) tools/run-e2e $(TESTS)
# Every byte and every allocation, where 'make check' takes samples; and hours of everything. Both with sanitizers.
faults:
	@FAULTS_STEP=1 $(MAKE) V=asan e2e TESTS=t/e2e/test_faults.py
soak:
	@$(MAKE) V=asan soak-run
soak-run: $(WEIR)
	@WEIR=$(abspath $(WEIR)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) t/e2e/soak.py $(MINUTES)
# Two streams for so long, RATE messages a second each.
long-streams: $(WEIR)
	@WEIR=$(abspath $(WEIR)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) t/e2e/long_streams.py $(MINUTES) $(or $(RATE),100)

bench-programs: $(BENCH_BIN)
$(O)/t/bench/count.so: $(O)/obj/t/bench/preload_count.o
	@mkdir -p $(@D); $(CC) -shared -o $@ $<
$(O)/obj/t/bench/preload%.o: FILE_FLAGS := -fPIC
MEASURE = env -u MAKEFLAGS WEIR=$(abspath $(WEIR)) BENCH=$(abspath $(O)/t/bench) PYTHONDONTWRITEBYTECODE=1 $(PYTHON)
bench: all bench-programs
	@$(MEASURE) t/bench/bench.py $(ARGS)
bench-check: all bench-programs
	@$(MEASURE) t/bench/bench.py --check $(if $(RECORD),--record) $(ARGS)
abuse: all
	@$(MEASURE) t/bench/abuse.py $(ARGS)
profile: all bench-programs $(O)/t/bench/count.so
	@$(MEASURE) t/bench/profile.py $(ARGS)

replay: $(FUZZ_NAMES:%=$(O)/t/replay/%)
	@for name in $(FUZZ_NAMES); do timeout 300 $(O)/t/replay/$$name t/fuzz/corpus/$$name || { echo "FAILED  $$name"; exit 1; }; done
# All ambiguous messages, and how others read them: SMUGGLING.md. For it, nginx and python3-h11 should be there.
smuggle: $(WEIR) $(O)/t/verdict
	@env -u MAKEFLAGS SMUGGLE=all WEIR=$(abspath $(WEIR)) PYTHON=$(PYTHON) tools/run-e2e -s t/e2e/test_smuggle.py
	@$(PYTHON) tools/smuggle $(O)/t/verdict > $(B)/SMUGGLING.md; status=$$?; cat $(B)/SMUGGLING.md; \
	[ $$status != 0 ] || cp $(B)/SMUGGLING.md docs/; exit $$status
ifeq ($(V),fuzz)
fuzz-programs: $(FUZZ_NAMES:%=$(O)/t/fuzz/%)
fuzz: fuzz-programs
	@tools/run-fuzz $(O) $(FUZZ_SECONDS) $(FUZZ_NAMES:%=$(O)/t/fuzz/%)
fuzz-long: fuzz-programs
	@tools/fuzz-long $(O) $(FUZZ_SECONDS) $(FUZZ_NAMES:%=$(O)/t/fuzz/%)
fuzz-%: $(O)/t/fuzz/%
	@tools/run-fuzz $(O) $(FUZZ_SECONDS) $<
else
fuzz fuzz-long $(FUZZ_NAMES:%=fuzz-%):
	@$(MAKE) --no-print-directory V=fuzz $@
endif

security:
	@tools/security $(B)/log
mutants:
	@B=$(B) tools/mutants $(ID)

fuzz-report:
	@tools/fuzz-report
	@$(MAKE) --no-print-directory coverage
# Clients that come and go for so long; says what that did to the memory.
churn:
	@CHURN_MINUTES=$(MINUTES) $(MAKE) --no-print-directory e2e TESTS='-s t/e2e/test_crowd.py -k come_and_go'

lint:
	@CLANG_FORMAT=$(CLANG_FORMAT) tools/lint
tidy: compile_commands.json
	@printf '%s\n' $(or $(FILES),$(SRC)) | xargs -P $$(nproc) -n 4 $(CLANG_TIDY) -p . --quiet --checks='$(CHECKS)'
# The counts of the tests and of the corpora apart: tools/coverage shows them side by side.
coverage:
	@rm -rf $(B)/cov/tests $(B)/cov/corpora
	@GCOV_PREFIX=$(abspath $(B)/cov/tests) $(MAKE) -s --no-print-directory V=cov unit play
	@GCOV_PREFIX=$(abspath $(B)/cov/corpora) $(MAKE) -s --no-print-directory V=cov replay
	@tools/coverage $(ARGS) $(B)/cov
format:
	@$(CLANG_FORMAT) -i $(C_FILES)
made-docs: $(B)/weir
	@mkdir -p $(B)/docs; tools/map > $(B)/docs/MAP.md
	@env -i $(B)/weir docs options > $(B)/docs/options.md; env -i $(B)/weir docs commands > $(B)/docs/commands.md
	@env -i $(B)/weir docs man > $(B)/docs/weir.1; env -i $(B)/weir docs filters > $(B)/docs/filters.md
	@env -i $(B)/weir docs rules > $(B)/docs/rules.md; env -i $(B)/weir docs hooks > $(B)/docs/hooks.md
docs: made-docs
	@cp $(B)/docs/* docs/
docs-check: made-docs
	@for f in $(B)/docs/*; do diff -u docs/$${f##*/} $$f || { echo "old: run 'make docs'"; exit 1; }; done

compile_commands.json: $(O)/files $(O)/flags
	@for f in $(SRC) $(wildcard src/main.c); do printf '%s{"directory": "%s", "file": "%s", "arguments": [%s"%s"]}\n' \
	"$${comma-[}" "$$PWD" "$$f" '$(foreach w,$(filter-out $(GCC_ONLY),$(COMPILE)),"$(w)", )' $$f; \
	comma=,; done > $@; echo ']' >> $@
