"""What a fleet is and what may happen in it.

Pure rules and use cases `verb(ports, …)`. Nothing here knows a cloud, a wire format or a vendor's word; times are
milliseconds since the Unix epoch in UTC.
"""
