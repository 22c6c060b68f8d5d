"""The servers of the tests, from wheels or in containers, behind one interface each (docs/testing.md)."""
