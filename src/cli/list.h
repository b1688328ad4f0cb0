/* The subcommands in the order of the help: one row each. */
COMMAND(dump)
COMMAND(ca)
COMMAND(verify_chain)
COMMAND(options)
COMMAND(commands)
COMMAND(docs)
