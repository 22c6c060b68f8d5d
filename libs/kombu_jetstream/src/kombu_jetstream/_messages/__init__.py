"""Messages on the wire: their form, their identity, their time, where they came from."""
