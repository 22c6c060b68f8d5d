"""Values and errors of the gateway. It knows no database, no broker and no HTTP."""
