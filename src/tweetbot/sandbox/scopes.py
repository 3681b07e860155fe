"""The scopes that X knows, and what each allows, in words for the consent page."""

from __future__ import annotations

from typing import Final

DEFAULT_SCOPE: Final = "tweet.read tweet.write users.read offline.access media.write"

SCOPES: Final = {
    "tweet.read": "See the posts that you can see",
    "tweet.write": "Post and delete posts for you",
    "tweet.moderate.write": "Hide and show replies to your posts",
    "users.read": "See your profile and the accounts that you can see",
    "users.email": "See your e-mail address",
    "offline.access": "Stay connected until you withdraw it",
    "media.write": "Upload pictures and videos",
    "follows.read": "See whom you follow",
    "follows.write": "Follow and unfollow for you",
    "like.read": "See what you like",
    "like.write": "Like for you",
    "list.read": "See your lists",
    "list.write": "Change your lists",
    "block.read": "See whom you block",
    "block.write": "Block for you",
    "mute.read": "See whom you mute",
    "mute.write": "Mute for you",
    "bookmark.read": "See your bookmarks",
    "bookmark.write": "Change your bookmarks",
    "dm.read": "Read your direct messages",
    "dm.write": "Send direct messages for you",
    "space.read": "See the Spaces that you can see",
    "timeline.read": "See your timeline",
    "broadcast.read": "See your broadcasts",
    "broadcast.write": "Start and end broadcasts for you",
    "ads.read": "See your ads",
    "ads.write": "Change your ads",
}
