"""HTTP for every dialect, without a framework: authenticate, authorise, validate, call, render.

A dialect hands in its routes as data together with two functions: who a request comes from, and what an error looks
like in the vendor's own shape. Only `mounting` knows that Chalice carries it.
"""
