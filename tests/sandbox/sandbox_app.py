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

    def upload(self, data: bytes, **fields: str) -> httpx.Response:
        """Upload a picture in one request, as a form."""
        form = {"media_category": "tweet_image", **fields}
        return self.ask("POST", "/2/media/upload", data=form, files={"media": ("a.png", data)})

    def picture(self, data: bytes, alt_text: str | None = None) -> str:
        """Upload a picture, describe it and return its id."""
        answer = self.upload(data)
        assert answer.status_code == 200, answer.text
        media_id = str(answer.json()["data"]["id"])
        if alt_text is not None:
            assert self.describe(media_id, alt_text).status_code == 200
        return media_id

    def describe(self, media_id: str, text: str) -> httpx.Response:
        body = {"id": media_id, "metadata": {"alt_text": {"text": text}}}
        return self.ask("POST", "/2/media/metadata", json=body)

    def initialize(self, media_type: str, category: str, size: object) -> httpx.Response:
        body = {"media_type": media_type, "media_category": category, "total_bytes": size}
        return self.ask("POST", "/2/media/upload/initialize", json=body)

    def begin(self, media_type: str, category: str, size: int) -> str:
        """Begin an upload in chunks and return its id."""
        answer = self.initialize(media_type, category, size)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["id"])

    def append(self, media_id: str, index: int, data: bytes) -> httpx.Response:
        path = f"/2/media/upload/{media_id}/append"
        form = {"segment_index": str(index)}
        return self.ask("POST", path, data=form, files={"media": ("chunk", data)})

    def finalize(self, media_id: str, **body: Any) -> httpx.Response:
        return self.ask("POST", f"/2/media/upload/{media_id}/finalize", **(body or {"json": {}}))

    def status(self, media_id: str, **query: str) -> httpx.Response:
        params = {"media_id": media_id, "command": "STATUS", **query}
        return self.ask("GET", "/2/media/upload", params=params)

    def film(self, data: bytes, media_type: str, category: str, *, chunk: int = 1000) -> str:
        """Upload in chunks, to the end, and return the id."""
        media_id = self.begin(media_type, category, len(data))
        for index, start in enumerate(range(0, len(data), chunk)):
            answer = self.append(media_id, index, data[start : start + chunk])
            assert answer.status_code == 200, answer.text
        answer = self.finalize(media_id)
        assert answer.status_code == 200, answer.text
        return media_id

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
