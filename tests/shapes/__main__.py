from tests.shapes import record

record()
