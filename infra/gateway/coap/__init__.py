"""CoAP (RFC 7252) in both roles over an association: observe (7641), blocks (7959), FETCH and iPATCH (8132)."""
