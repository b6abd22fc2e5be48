from chalicelib.fleet import passwords
from chalicelib.fleet.passwords import Cost

CHEAP = Cost(n=2, r=1, p=1)


def test_a_password_matches_itself_alone() -> None:
    kept = passwords.keep("Corr3ct-horse", b"salt", CHEAP)
    assert passwords.matches("Corr3ct-horse", kept, CHEAP)
    assert not passwords.matches("Corr3ct-horsf", kept, CHEAP)


def test_a_password_that_was_kept_at_another_cost_still_matches() -> None:
    kept = passwords.keep("Corr3ct-horse", b"salt", CHEAP)
    assert passwords.matches("Corr3ct-horse", kept, Cost(n=4, r=2, p=2))


def test_what_another_keyboard_composes_differently_is_the_same_password() -> None:
    assert passwords.matches("Caf\u0065\u0301-1!", passwords.keep("Caf\u00e9-1!", b"salt", CHEAP), CHEAP)


def test_nothing_matches_where_there_is_no_password() -> None:
    assert not passwords.matches("", None, CHEAP)


def test_the_digest_is_that_of_rfc_7914() -> None:
    digest = passwords.keep("password", b"NaCl", Cost(n=1024, r=8, p=16)).digest
    assert digest.hex() == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"


def test_the_usual_cost_fits_into_a_function() -> None:
    assert passwords.keep("Corr3ct-horse", b"salt", Cost()).digest
