"""An app that is logged in at the local X."""

from __future__ import annotations

from typing import Any

import httpx

from tweetbot.sandbox import Account, Sandbox

SCOPE = "tweet.read tweet.write users.read offline.access media.write"


class App:
    """What an app can ask of the local X in the name of the account that is logged in there."""

    def __init__(self, x: Sandbox, *, scope: str = SCOPE) -> None:
        self.x = x
        self._scope = scope
        self._http = httpx.Client(base_url=x.url, trust_env=False, timeout=10)
        self._tokens: dict[Account, str] = {}

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        account = self.x.account
        if account not in self._tokens:
            self._tokens[account] = str(self.x.grant(scope=self._scope)["access_token"])
        headers = {"authorization": f"Bearer {self._tokens[account]}", **rest.pop("headers", {})}
        return self._http.request(method, path, headers=headers, **rest)

    def create(self, text: str | None = None, **fields: object) -> httpx.Response:
        body = fields if text is None else {"text": text, **fields}
        return self.ask("POST", "/2/tweets", json=body)

    def post(self, text: str | None = None, **fields: object) -> str:
        """Post and return the id."""
        answer = self.create(text, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def reply(self, parent: str, text: str) -> str:
        return self.post(text, reply={"in_reply_to_tweet_id": parent})

    def delete(self, post_id: str) -> httpx.Response:
        return self.ask("DELETE", f"/2/tweets/{post_id}")

    def timeline(self, **query: str) -> httpx.Response:
        params = {name.replace("_fields", ".fields"): value for name, value in query.items()}
        return self.ask("GET", f"/2/users/{self.x.account.id}/tweets", params=params)

    def shown(self, **query: str) -> list[dict[str, Any]]:
        """Return the posts of a timeline."""
        answer = self.timeline(**query)
        assert answer.status_code == 200, answer.text
        posts: list[dict[str, Any]] = answer.json().get("data", [])
        return posts
