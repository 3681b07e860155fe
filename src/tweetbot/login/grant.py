"""A fresh grant that is not saved yet: whose account it is, and whether that was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tweetbot.errors import ConfigurationError, LoginNeeded, NotAllowed, TweetbotError
from tweetbot.login.client import LoginOptions, is_account
from tweetbot.login.consent import Person, is_yes
from tweetbot.login.same_app import shares
from tweetbot.profile import Account, Client, Expected, Profile, Token
from tweetbot.values import dataclass
from tweetbot.x import AuthorizationServer, XApi


@dataclass(frozen=True)
class Login:
    """A fresh grant that is not saved yet."""

    server: AuthorizationServer
    client: Client
    token: Token
    existing: Profile | None
    options: LoginOptions
    person: Person
    may_end: frozenset[str] = frozenset()  # other profiles whose logins the person gives up

    @property
    def expected(self) -> Expected | None:
        """Whom it has to belong to: whom the person named, or whose profile this is."""
        owner = self.existing.owner if self.existing else None
        named = self.options.account
        if named is None:
            return None if self.options.force else owner
        if owner and owner.username and is_account(named, owner.username):
            return owner  # with its id, which outlasts the handle
        return Expected(username=named.removeprefix("@"))

    def identify(self, api: XApi) -> Account | None:
        """Ask X whose account it is; the login stands even if X does not say.

        X's own users/me failed for a day in July 2026 while logins worked (docs.x.com, incidents).
        """
        try:
            return api.me()
        except NotAllowed as error:
            self.person.tell(f"Logged in, but this app cannot post yet: {error}")
        except TweetbotError as error:
            self.person.tell(f"X did not say whose account this is: {error}")
        return None

    def check(
        self, account: Account, other_profiles: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        """Refuse a login that the person did not mean."""
        self._check_expected(account)
        self.check_existing(account)
        self._check_other_profiles(account, other_profiles)

    def _check_expected(self, account: Account) -> None:
        expected = self.options.account
        known = self.expected
        if expected is None:
            question = f"Logged in as @{account.username}. Is this the bot? [Y/n] "
            mine = not self.person.interactive or is_yes(self.person.ask(question))
        else:
            mine = known is None or known.fits(account)
        if not mine:
            wanted = f", not @{expected.removeprefix('@')}" if expected else ""
            raise LoginNeeded(
                f"The browser is logged in as @{account.username}{wanted}.",
                "Log in to the bot's account on x.com in that browser, then run `tweetbot auth`"
                " again.",
            )

    def check_server(self) -> None:
        """Refuse to replace a login of another server, unless by force."""
        if self.existing and not self.options.force:
            self.existing.check_server(api_url=self.client.api_url)

    def check_existing(self, account: Account) -> None:
        """Refuse to replace another account, unless by force."""
        old = self.existing.owner if self.existing else None
        if old and not old.fits(account) and not self.options.force:
            raise ConfigurationError(
                f"This profile belongs to @{old.username}, and this login is @{account.username}.",
                "Choose another name with -p, or replace it with --force.",
            )

    def _check_other_profiles(
        self, account: Account, other_profiles: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        for name, profile in other_profiles():
            is_same = profile.account is not None and profile.account.id == account.id
            if is_same and shares(profile, self.client, self.existing):
                happened = (
                    f"The profile {name} uses the same app for @{account.username}, and this login"
                    " has just ended its login: X keeps one for an app and an account."
                )
                if not (name in self.may_end or self.options.force or self.is_renewal(account)):
                    raise ConfigurationError(
                        happened,
                        f"Run `tweetbot auth -p {name}` to bring it back; or use --force to keep"
                        " this one instead.",
                    )
                self.person.tell(happened)

    def is_renewal(self, account: Account | None) -> bool:
        """Whether it has ended, and so has to replace, the login that this profile lives on."""
        fresh = Profile(client=self.client, account=account, token=self.token)
        return self.existing is not None and self.existing.is_same_grant(fresh)

    def may_be_renewal(self, account: Account | None) -> bool:
        """Whether it may have ended the login that is there: whose one of them is, is not known."""
        there = self.existing
        return (
            there is not None
            and (account is None or there.account is None)
            and there.client.client_id == self.client.client_id
            and there.client.api_url == self.client.api_url
        )

    def withdraw(self) -> None:
        """End the grant at X: nobody will use it."""
        try:
            self.server.revoke(self.token.refresh_token)
        except TweetbotError as error:
            self.person.tell(
                f"The login could not be withdrawn ({error.happened.rstrip('.')}); do it at"
                " https://x.com/settings/connected_apps."
            )
