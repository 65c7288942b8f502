"""What tokens and roles allow."""

import pytest

from keeper.domain.users.access import Account, Identity, Role, Scope, refused_scopes

ANN = Account(1, "ann@example.org", Role.READER)


def test_a_session_lacks_nothing_and_a_token_what_it_was_not_given() -> None:
    session = Identity(ANN, session_id=1)
    token = Identity(ANN, token_id=1, scopes=frozenset({Scope.WATCHES_READ}))

    assert session.missing(list(Scope)) == []
    assert token.missing([Scope.WATCHES_READ]) == []
    assert token.missing([Scope.WATCHES_READ, Scope.WATCHES_WRITE]) == [Scope.WATCHES_WRITE]
    assert Identity(ANN, token_id=1, scopes=frozenset()).missing([Scope.WATCHES_READ])


def test_readers_make_no_tokens_for_operations() -> None:
    operations = [Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE]
    assert refused_scopes(Role.READER, list(Scope)) == operations
    assert refused_scopes(Role.OPERATOR, list(Scope)) == []


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_says_what_it_allows(scope: Scope) -> None:
    assert scope.meaning
    assert scope.is_for_operators == ("operators only" in scope.meaning)
