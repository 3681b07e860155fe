"""The same with tweepy, as its documentation has it: python with_tweepy.py PROFILE TEXT.

tweepy knows one server, so its connections are led to the one of the profile.
"""

import json
import sys

import tweepy
from requests.adapters import HTTPAdapter

path, text = sys.argv[1:]
with open(path) as file:
    document = json.load(file)
client, token = document["client"], document["token"]


class ToTheProfilesServer(HTTPAdapter):
    def send(self, request, *args, **kwargs):  # type: ignore[no-untyped-def]
        request.url = request.url.replace("https://api.twitter.com", client["api_url"])
        return super().send(request, *args, **kwargs)


login = tweepy.OAuth2UserHandler(
    client_id=client["client_id"],
    client_secret=client["client_secret"],
    redirect_uri=client["redirect_uri"],
    scope=token["scope"].split(),
)
login.mount("https://api.twitter.com", ToTheProfilesServer())
renewed = login.refresh_token(
    "https://api.twitter.com/2/oauth2/token",
    refresh_token=token["refresh_token"],
    auth=login.auth,
)
token.update({name: renewed[name] for name in ("access_token", "refresh_token")})
with open(path, "w") as file:
    json.dump(document, file)
bot = tweepy.Client(token["access_token"])
bot.session.mount("https://api.twitter.com", ToTheProfilesServer())
print(bot.create_tweet(text=text, user_auth=False).data["id"])
