from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.access.records import User
from chalicelib.fleet.errors import UserDuplicate
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, failed_conditions, table_name

USER = Kind(User, frozenset({"tenant", "id", "revision"}))


class UserItem(Table):
    class Meta(Defaults):
        table_name = table_name("users")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class LoginItem(Table):
    """Whose a login or an e-mail address is."""

    class Meta(Defaults):
        table_name = table_name("logins")

    name = UnicodeAttribute(hash_key=True)
    tenant = UnicodeAttribute()
    user = UnicodeAttribute()


class UserTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, user: User, share: Share | None = None) -> None:
        # Two users who want one login, perhaps in two tenants: the transaction lets one of them have it.
        try:
            with TransactWrite(connection=self._connection) as transaction:
                transaction.save(_item(user), condition=UserItem.tenant.does_not_exist())
                for name in user.names:
                    transaction.save(_login(user, name), condition=LoginItem.name.does_not_exist())
                usages.take(transaction, share)
        except TransactWriteError as error:
            if any(failed_conditions(error)[: 1 + len(user.names)]):
                raise _taken() from error
            usages.ensure_taken(error, share)
            raise

    def get(self, tenant: str, user: str) -> User | None:
        try:
            return _load(UserItem.get(tenant, user, consistent_read=True))
        except UserItem.DoesNotExist:
            return None

    def named(self, name: str) -> User | None:
        try:
            found = LoginItem.get(name.casefold(), consistent_read=True)
        except LoginItem.DoesNotExist:
            return None
        return self.get(found.tenant, found.user)

    def replace(self, old: User, new: User) -> bool:
        item, unchanged = _item(replace(new, revision=old.revision + 1)), UserItem.revision == old.revision
        if old.names == new.names:
            # Two logins at once, or a login while an administrator changes the user: both are counted.
            return held(lambda: item.save(condition=unchanged))
        added, removed = new.names - old.names, old.names - new.names
        try:
            # The user and the names change together, or a name would lead to somebody who gave it up.
            with TransactWrite(connection=self._connection) as transaction:
                for name in removed:
                    transaction.delete(_login(old, name), condition=LoginItem.user == old.id)
                transaction.save(item, condition=unchanged)
                for name in added:
                    transaction.save(_login(new, name), condition=LoginItem.name.does_not_exist())
        except TransactWriteError as error:
            failed = failed_conditions(error)
            if any(failed[: len(removed) + 1]):
                return False
            if any(failed):
                raise _taken() from error
            raise
        return True

    def delete(self, user: User, share: Share | None = None) -> bool:
        try:
            # A name given to the user since it was read would be left behind.
            with TransactWrite(connection=self._connection) as transaction:
                transaction.delete(_item(user), condition=UserItem.revision == user.revision)
                for name in user.names:
                    transaction.delete(_login(user, name), condition=LoginItem.user == user.id)
                usages.give_back(transaction, share)
        except TransactWriteError as error:
            if any(failed_conditions(error)):
                return False
            raise
        return True

    def all(self, tenant: str) -> list[User]:
        return [_load(item) for item in UserItem.query(tenant, consistent_read=True)]


def _taken() -> UserDuplicate:
    return UserDuplicate("a user with this login or e-mail address exists already")


def _item(user: User) -> UserItem:
    return UserItem(user.tenant, user.id, revision=user.revision, doc=USER.dump(user))


def _login(user: User, name: str) -> LoginItem:
    return LoginItem(name, tenant=user.tenant, user=user.id)


def _load(item: UserItem) -> User:
    return USER.load(item.doc, tenant=item.tenant, id=item.id, revision=int(item.revision))
