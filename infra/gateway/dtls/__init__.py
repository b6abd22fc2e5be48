"""DTLS 1.2 with pre-shared keys (RFC 6347, 4279, 5487, 6655, 7627, 9146).

OpenSSL does every handshake; once it is done, its connection is freed and our record layer goes on with the keys. That
is what makes connection ids, moves between addresses, and associations that outlive the process possible.
"""
