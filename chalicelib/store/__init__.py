"""The fleet's records in DynamoDB, one module a table.

A record is stored as its keys, the attributes that conditions and indexes need, and `doc`: the rest as JSON.
"""
