// Reads bytes as node's HTTP server does: in and out are those of t/verdict.c, without the fields' order kept from node.
const http = require("http");
const { Duplex } = require("stream");

const input = require("fs").readFileSync(0);
const hex = (text) => Buffer.from(text, "latin1").toString("hex");

function judge(data) {
  return new Promise((done) => {
    const found = [];
    let tail = "end", open = 0;
    const server = http.createServer({ requireHostHeader: true });
    const finish = () => done(found.join("") + tail + "\n");
    const note = (request, body) => {
      const fields = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2)
        fields.push(`${hex(request.rawHeaders[i])}=${hex(request.rawHeaders[i + 1])},`);
      found.push(`${hex(request.method)} ${hex(request.url)} ${body.toString("hex")} ${fields.join("")};`);
    };
    const onRequest = (request, response) => {
      const parts = [];
      open++;
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        open--;
        note(request, Buffer.concat(parts));
        response.end();
      });
      request.on("error", () => {});
    };
    server.on("request", onRequest);
    server.on("checkContinue", onRequest);
    server.on("checkExpectation", onRequest);
    server.on("connect", (request, socket) => { note(request, Buffer.alloc(0)); socket.destroy(); });
    server.on("clientError", (error, socket) => {
      tail = error.code === "ECONNRESET" || error.code === "HPE_INVALID_EOF_STATE" ? "more" : "bad " + error.code;
      socket.destroy();
    });
    const socket = new Duplex({ read() {}, write(part, encoding, next) { next(); } });
    socket.setTimeout = socket.setNoDelay = socket.setKeepAlive = socket.ref = socket.unref = () => socket;
    socket.on("close", () => setImmediate(finish));
    server.emit("connection", socket);
    socket.push(data);
    socket.push(null);
    setImmediate(() => setImmediate(() => setImmediate(() => { if (open && tail === "end") tail = "more"; socket.destroy(); })));
  });
}

(async () => {
  const out = [];
  for (let at = 0; at < input.length;) {
    const n = input.readUInt32LE(at);
    out.push(await judge(input.subarray(at + 4, at + 4 + n)));
    at += 4 + n;
  }
  process.stdout.write(out.join(""));
})();
