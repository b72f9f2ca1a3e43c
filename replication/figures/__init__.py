"""The exhibits: one function each, tables in, matplotlib Figure out; nothing here reads or writes a file."""
