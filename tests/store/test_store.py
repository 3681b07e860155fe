"""The document's place: its lock, its saves, and what a reader finds after a crash."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from tweetbot.errors import (
    AnswerLost,
    ConfigurationError,
    GrantRefused,
    LoginNeeded,
    Temporary,
    TokenNotSaved,
)
from tweetbot.profile import Client, Profile, Token, dump, parse
from tweetbot.store import find
from tweetbot.store.document_files import profile_paths
from tweetbot.store.folder import FileStore
from tweetbot.store.rescue import Rescue
from tweetbot.store.signals import signals_held_back
from tweetbot.store.slot import Slot

if TYPE_CHECKING:
    from tests.conftest import Bot

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such thing")
needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
needs_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away"
)

SPENT = Profile(
    client=Client(client_id="app", redirect_uri="http://127.0.0.1:1/", api_url="https://x.example"),
    token=Token(access_token="at-1", refresh_token="rt-1", obtained_at=1, expires_at=7201),
)


def renewed(profile: Profile, number: int = 2) -> Profile:
    """Return what a renewal makes of `profile`."""
    token = Token(
        access_token=f"at-{number}", refresh_token=f"rt-{number}", parent=profile.token.digest
    )
    return Profile(client=profile.client, token=token)


RENEWED = renewed(SPENT)
PREALLOCATED = bytes(8000)  # what a slot has behind its document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path, state: Path) -> FileStore:
    """A store that holds `SPENT`."""
    store = FileStore(folder / "bot.json", state_dir=lambda: state, wait=0.1)
    store.save(SPENT)
    return store


def beside(store: FileStore, suffix: str) -> Path:
    return Path(f"{store.path}{suffix}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def on_disk(store: FileStore) -> Profile:
    return parse(store.path.read_bytes())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    """Put a folder where a file is wanted: nothing can be opened, written or renamed there."""
    kept = path.read_bytes() if path.exists() else None
    path.unlink(missing_ok=True)
    path.mkdir()
    yield
    path.rmdir()
    if kept is not None:
        path.write_bytes(kept)


# -- the lock -------------------------------------------------------------------------------------

HOLDER = """
import pathlib, sys, time
from tweetbot.store.folder import FileStore
with FileStore(pathlib.Path(sys.argv[1]), state_dir=pathlib.Path).lock():
    print("locked", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(store: FileStore) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(store.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_run_that_waits_in_vain_says_since_when_the_other_is_active(store: FileStore) -> None:
    began = time.monotonic()
    with holder(store), pytest.raises(Temporary) as caught, store.lock():
        pass
    assert 0.1 <= time.monotonic() - began < 5
    assert caught.value.code == 6
    assert " since 20" in str(caught.value)


def test_a_killed_holder_releases_the_lock(store: FileStore) -> None:
    with holder(store) as process:
        process.kill()
        process.wait()
        with store.lock():
            assert store.load() == SPENT


def test_a_run_waits_for_the_one_before_it(store: FileStore, state: Path) -> None:
    patient = FileStore(store.path, state_dir=lambda: state, wait=20)
    with holder(store) as process:
        threading.Timer(0.2, process.kill).start()
        with patient.lock():
            assert process.wait() != 0


@posix
def test_a_child_that_lives_on_does_not_keep_the_lock(store: FileStore) -> None:
    with store.lock():
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with store.lock():
            assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_the_lock_file_stays_the_same_file(store: FileStore) -> None:
    with store.lock():
        before = beside(store, ".lock").stat().st_ino
        with store.prepare(SPENT) as slot:
            slot.commit(RENEWED)
        store.remove()
    with store.lock(new=True):
        assert beside(store, ".lock").stat().st_ino == before


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "nowhere" / "bot.json", state_dir=lambda: tmp_path)
    with pytest.raises(ConfigurationError, match="nowhere"), store.lock(new=True):
        pass


# -- load -----------------------------------------------------------------------------------------


def test_no_document_means_not_logged_in(folder: Path, state: Path) -> None:
    store = FileStore(folder / "bot.json", state_dir=lambda: state)
    with pytest.raises(LoginNeeded, match=r"no .*bot\.json"):
        store.load()
    assert names(folder) == []


@pytest.mark.parametrize("document", [b"", b"{}", b"\0" * 20, b'{"version": 1', b"[]"])
def test_an_unreadable_document_is_named_and_left_as_it_is(
    store: FileStore, document: bytes
) -> None:
    store.path.write_bytes(document)
    with store.lock(), pytest.raises(ConfigurationError, match=r"bot\.json cannot be read"):
        store.load()
    assert store.path.read_bytes() == document


def stranded_in_slot(store: FileStore, _state: Path) -> Path:
    """Die between the write and the rename: what is preallocated still stands behind."""
    slot = beside(store, ".next")
    slot.write_bytes(dump(RENEWED) + PREALLOCATED)
    return slot


def stranded_in_rescue(store: FileStore, state: Path) -> Path:
    """Let the slot be full, and the document's place be taken."""
    with in_the_way(store.path), pytest.raises(TokenNotSaved) as caught:
        commit_to_full_disk(store, state)
    rescue = beside(store, ".rescue")
    assert str(rescue) in str(caught.value)
    return rescue


def stranded_in_state_folder(store: FileStore, state: Path) -> Path:
    """Let nothing be writable beside the document."""
    with (
        in_the_way(beside(store, ".tmp")),
        in_the_way(beside(store, ".rescue")),
        pytest.raises(TokenNotSaved) as caught,
    ):
        commit_to_full_disk(store, state)
    (rescue,) = state.iterdir()
    assert str(rescue) in str(caught.value)
    return rescue


def commit_to_full_disk(store: FileStore, state: Path) -> None:
    with open("/dev/full", "wb") as full:
        Slot(store, full.fileno(), state).commit(RENEWED)


STRANDED = [
    stranded_in_slot,
    pytest.param(stranded_in_rescue, marks=needs_dev_full),
    pytest.param(stranded_in_state_folder, marks=needs_dev_full),
]


@pytest.mark.parametrize("strand", STRANDED)
def test_a_renewed_token_that_did_not_reach_its_place_is_taken_over(
    store: FileStore, state: Path, strand: Callable[[FileStore, Path], Path]
) -> None:
    place = strand(store, state)
    assert on_disk(store) == SPENT
    with store.lock():
        assert store.load() == RENEWED
    assert on_disk(store) == RENEWED
    assert not place.exists()
    assert names(store.path.parent) == ["bot.json", "bot.json.lock"]


@pytest.mark.parametrize("strand", STRANDED)
def test_a_reader_sees_the_renewed_token_and_changes_nothing(
    store: FileStore, state: Path, strand: Callable[[FileStore, Path], Path]
) -> None:
    strand(store, state)
    store.path.chmod(0o640)
    before = snapshot(store.path.parent, state)
    assert store.load() == RENEWED
    assert snapshot(store.path.parent, state) == before


def snapshot(*folders: Path) -> dict[str, tuple[bytes, int, int]]:
    files = [path for folder in folders if folder.exists() for path in folder.iterdir()]
    return {
        str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in files
    }


@pytest.mark.parametrize("strand", STRANDED)
def test_a_token_whose_parent_is_another_one_is_left_alone(
    store: FileStore, state: Path, strand: Callable[[FileStore, Path], Path]
) -> None:
    strand(store, state)
    newest = renewed(RENEWED, 3)
    store.save(newest)
    with store.lock():
        assert store.load() == newest
    assert on_disk(store) == newest


@needs_dev_full
def test_a_bot_of_the_same_name_elsewhere_leaves_a_rescued_token_alone(
    store: FileStore, state: Path, tmp_path: Path
) -> None:
    stranded_in_state_folder(store, state)
    (tmp_path / "elsewhere").mkdir()
    namesake = FileStore(tmp_path / "elsewhere" / store.path.name, state_dir=lambda: state)
    with namesake.lock(new=True):
        namesake.save(renewed(SPENT, 9))
        namesake.remove_leftovers()
    with store.lock():
        assert store.load() == RENEWED


def test_a_roll_forward_that_cannot_be_saved_is_used_all_the_same(
    store: FileStore, state: Path
) -> None:
    slot = stranded_in_slot(store, state)
    with in_the_way(beside(store, ".tmp")), store.lock():
        assert store.load() == RENEWED
    assert slot.exists()


@pytest.mark.parametrize("length", [1, 100, len(dump(RENEWED)) - 3])
def test_a_slot_that_was_not_written_to_its_end_is_no_token(store: FileStore, length: int) -> None:
    beside(store, ".next").write_bytes(dump(RENEWED)[:length] + PREALLOCATED)
    with store.lock():
        assert store.load() == SPENT
    assert store.interrupted_at is None


def test_an_intent_tells_when_a_renewal_was_interrupted(store: FileStore, state: Path) -> None:
    dying = FileStore(store.path, state_dir=lambda: state, now=lambda: 1234.5)
    with pytest.raises(AnswerLost), dying.prepare(SPENT):
        raise AnswerLost("no answer")
    assert store.load() == SPENT
    assert store.interrupted_at == 1234


@pytest.mark.parametrize("suffix", [".next", ".rescue"])
def test_a_slot_that_cannot_be_read_stops_the_run(store: FileStore, suffix: str) -> None:
    """It may hold the newest token: the next renewal would spend the old one and overwrite it."""
    with (
        in_the_way(beside(store, suffix)),
        store.lock(),
        pytest.raises(ConfigurationError, match=f"{suffix} cannot be read"),
    ):
        store.load()


def test_a_rescue_file_that_cannot_be_read_stops_the_run_wherever_it_is(
    store: FileStore, state: Path
) -> None:
    """The next renewal would show X the spent token."""
    state.mkdir()
    (place,) = (one for one in store.rescue_places(state) if one.parent == state)
    with in_the_way(place), store.lock(), pytest.raises(ConfigurationError, match=str(place)):
        store.load()
    rescue = Rescue("bot", state_dir=lambda: state)
    kept = state / f"bot.{SPENT.token.digest}.rescue"
    kept.write_bytes(dump(RENEWED)[:100])
    with pytest.raises(ConfigurationError, match=str(kept)):
        rescue.newer_than(SPENT)
    kept.unlink()
    assert rescue.newer_than(SPENT) == SPENT


def test_a_state_folder_that_cannot_be_read_does_not_matter(store: FileStore, state: Path) -> None:
    state.write_text("a file")
    with store.lock():
        assert store.load() == SPENT


@posix
def test_loose_permissions_are_tightened_with_one_warning(store: FileStore, state: Path) -> None:
    warnings: list[str] = []
    careful = FileStore(store.path, state_dir=lambda: state, warn=warnings.append)
    store.path.chmod(0o644)
    with careful.lock():
        careful.load()
        careful.load()
    assert mode(store.path) == 0o600
    assert warnings == [f"{store.path} was open to others (mode 0644); it is 0600 now."]


# -- save -----------------------------------------------------------------------------------------


def test_a_save_leaves_nothing_but_the_document(store: FileStore) -> None:
    with store.lock():
        store.save(RENEWED)
    assert on_disk(store) == RENEWED
    assert names(store.path.parent) == ["bot.json", "bot.json.lock"]


@pytest.mark.parametrize("suffix", ["", ".tmp"])
def test_a_save_that_fails_leaves_the_old_document_and_no_other_file(
    store: FileStore, suffix: str
) -> None:
    with in_the_way(beside(store, suffix)), pytest.raises(ConfigurationError, match="Cannot write"):
        store.save(RENEWED)
    assert on_disk(store) == SPENT
    assert names(store.path.parent) == ["bot.json"]


@posix
def test_files_are_private_whatever_the_umask(folder: Path, state: Path) -> None:
    with umask(0):
        store = FileStore(folder / "new" / "bot.json", state_dir=lambda: state)
        store.make_ready()
        with store.lock(new=True):
            store.save(SPENT)
            with store.prepare(SPENT) as slot:
                modes = {path.name: mode(path) for path in store.path.parent.iterdir()}
                slot.commit(RENEWED)
    assert modes == {"bot.json": 0o600, "bot.json.lock": 0o600, "bot.json.next": 0o600}
    assert mode(store.path) == 0o600
    assert mode(store.path.parent) == 0o700


@posix
@needs_dev_full
def test_a_rescued_token_is_private_whatever_the_umask(store: FileStore, state: Path) -> None:
    with umask(0):
        rescue = stranded_in_state_folder(store, state)
    assert (mode(rescue), mode(state)) == (0o600, 0o700)


@needs_root
def test_root_leaves_files_that_belong_to_the_folders_owner(store: FileStore) -> None:
    os.chown(store.path.parent, 65534, 65534)
    with store.lock():
        with store.prepare(SPENT) as slot:
            owners = {path.name: path.stat().st_uid for path in store.path.parent.iterdir()}
            slot.commit(RENEWED)
        store.save(RENEWED)
    assert owners == {"bot.json": 65534, "bot.json.lock": 65534, "bot.json.next": 65534}
    assert (store.path.stat().st_uid, store.path.stat().st_gid) == (65534, 65534)


@needs_root
def test_root_leaves_folders_that_belong_to_the_owner_of_those_around_them(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    store = FileStore(home / "new" / "config" / "bot.json", state_dir=lambda: home / "a" / "state")
    store.make_ready()
    Rescue("bot", state_dir=lambda: home / "b" / "state").keep(RENEWED, "why", remedy="Mend it")
    with store.lock(new=True):
        store.save(SPENT)
    assert {path.stat().st_uid for path in home.rglob("*")} == {65534}
    assert {mode(path) for path in home.rglob("*") if path.name in ("config", "state")} == {0o700}


@posix
def test_a_symbolic_link_stays_and_its_target_is_replaced(
    store: FileStore, state: Path, tmp_path: Path
) -> None:
    link = tmp_path / "linked.json"
    link.symlink_to(store.path)
    linked = FileStore(link, state_dir=lambda: state)
    with linked.lock(), linked.prepare(linked.load()) as slot:
        slot.commit(RENEWED)
    assert link.readlink() == store.path
    assert on_disk(store) == RENEWED
    assert names(tmp_path) == ["config", "linked.json"]


@posix
def test_both_names_of_a_linked_document_have_one_lock(
    store: FileStore, state: Path, tmp_path: Path
) -> None:
    link = tmp_path / "linked.json"
    link.symlink_to(store.path)
    with holder(FileStore(link, state_dir=lambda: state)), pytest.raises(Temporary), store.lock():
        pass


# -- the prepared save, step by step --------------------------------------------------------------


def test_the_rehearsal_saves_the_current_document_over_itself(store: FileStore) -> None:
    file = store.path.stat().st_ino
    store.rehearse(SPENT)
    assert on_disk(store) == SPENT
    assert store.path.stat().st_ino != file
    assert names(store.path.parent) == ["bot.json"]


def test_the_rehearsal_of_a_first_login_leaves_nothing(folder: Path, state: Path) -> None:
    FileStore(folder / "bot.json", state_dir=lambda: state).rehearse(None)
    assert names(folder) == []


@pytest.mark.parametrize("current", [SPENT, None])
def test_the_rehearsal_finds_what_would_stop_the_save(
    store: FileStore, current: Profile | None
) -> None:
    with in_the_way(beside(store, ".tmp")), pytest.raises(ConfigurationError, match="Cannot write"):
        store.rehearse(current)


@pytest.mark.parametrize("suffix", ["", ".tmp", ".next"])
def test_nothing_is_sent_if_the_save_cannot_be_prepared(store: FileStore, suffix: str) -> None:
    sent = False
    with (
        in_the_way(beside(store, suffix)),
        pytest.raises(ConfigurationError) as caught,
        store.prepare(SPENT),
    ):
        sent = True
    assert not sent
    assert caught.value.code == 2


@posix
def test_the_slot_has_room_and_says_what_is_about_to_happen(store: FileStore) -> None:
    with store.prepare(SPENT) as slot:
        intent = json.loads(beside(store, ".next").read_bytes().rstrip(b"\0"))["intent"]
        size = beside(store, ".next").stat()
        slot.commit(RENEWED)
    assert intent["parent"] == SPENT.token.digest
    assert intent["at"] == pytest.approx(time.time(), abs=10)
    assert size.st_size >= len(dump(SPENT)) + 1024
    assert size.st_blocks * 512 >= size.st_size


@pytest.mark.parametrize("length", [1, 2000, 40_000])
def test_the_renewed_document_takes_the_place_of_the_old_one(store: FileStore, length: int) -> None:
    token = replace(RENEWED.token, access_token="a" * length)
    longer = replace(RENEWED, token=token)
    with store.lock(), store.prepare(SPENT) as slot:
        slot.commit(longer)
    assert store.path.read_bytes() == dump(longer)
    assert names(store.path.parent) == ["bot.json", "bot.json.lock"]


def test_a_refused_renewal_leaves_no_slot(store: FileStore) -> None:
    with pytest.raises(GrantRefused), store.prepare(SPENT):
        raise GrantRefused("no")
    assert names(store.path.parent) == ["bot.json"]
    assert on_disk(store) == SPENT


@needs_dev_full
def test_a_slot_that_refuses_the_write_is_replaced_by_a_fresh_file(
    store: FileStore, state: Path
) -> None:
    commit_to_full_disk(store, state)
    assert on_disk(store) == RENEWED
    assert not state.exists()


def test_a_slot_that_cannot_be_renamed_keeps_the_token(store: FileStore) -> None:
    with store.prepare(SPENT) as slot, in_the_way(store.path):
        with pytest.raises(TokenNotSaved) as caught:
            slot.commit(RENEWED)
        assert caught.value.code == 8
        assert str(beside(store, ".next")) in str(caught.value)
    with store.lock():
        assert store.load() == RENEWED


@needs_dev_full
def test_a_token_that_can_be_kept_nowhere_is_said_to_be_lost(store: FileStore, state: Path) -> None:
    state.write_text("a file")
    with (
        in_the_way(store.path),
        in_the_way(beside(store, ".rescue")),
        pytest.raises(TokenNotSaved, match=r"or anywhere else.*tweetbot auth") as caught,
    ):
        commit_to_full_disk(store, state)
    assert not {"at-2", "rt-2"} & set(str(caught.value).split())


# -- signals --------------------------------------------------------------------------------------

SIGNALS = [
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))
]


class Arrived(BaseException):
    """A handler of the test ran."""


@contextmanager
def handled(number: signal.Signals) -> Iterator[None]:
    def arrive(_number: int, _frame: FrameType | None) -> None:
        raise Arrived

    before = signal.signal(number, arrive)
    try:
        yield
    finally:
        assert signal.signal(number, before) is arrive


@posix
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_takes_effect_when_the_token_is_saved(
    store: FileStore, number: signal.Signals
) -> None:
    with handled(number):
        with pytest.raises(Arrived), store.prepare(SPENT) as slot:  # noqa: PT012  # the order
            signal.raise_signal(number)
            slot.commit(RENEWED)
        assert on_disk(store) == RENEWED


@posix
def test_a_signal_is_not_lost_if_the_renewal_fails(store: FileStore) -> None:
    with handled(signal.SIGTERM), pytest.raises(Arrived), store.prepare(SPENT):  # noqa: PT012
        signal.raise_signal(signal.SIGTERM)
        raise GrantRefused("no")


def test_another_thread_needs_to_hold_nothing_back() -> None:
    seen: list[str] = []

    def work() -> None:
        with signals_held_back():
            seen.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["worked"]


# -- the end --------------------------------------------------------------------------------------


def test_a_removed_bot_leaves_its_lock_file_alone(store: FileStore, state: Path) -> None:
    stranded_in_slot(store, state)
    with store.lock():
        store.remove()
    assert names(store.path.parent) == ["bot.json.lock"]
    with pytest.raises(LoginNeeded):
        store.load()


def test_an_unreadable_document_is_kept_as_bad(store: FileStore) -> None:
    store.path.write_bytes(b"what is this")
    store.path.chmod(0o644)
    with store.lock():
        store.set_aside()
    assert beside(store, ".bad").read_bytes() == b"what is this"
    assert sys.platform == "win32" or mode(beside(store, ".bad")) == 0o600
    assert find(store) is None


def test_only_documents_are_taken_for_profiles(folder: Path) -> None:
    for name in ("b.json", "a.json", ".hidden.json", "a.json.lock", "a.json.next", "a.txt"):
        (folder / name).touch()
    assert [path.name for path in profile_paths(folder)] == ["a.json", "b.json"]


def test_a_run_that_renews_leaves_the_document_and_the_lock_file(bot: Bot) -> None:
    bot.make_due()
    assert bot.run("post", "Hello").code == 0
    assert bot.x.count("token") == 1
    assert names(bot.folder) == ["default.json", "default.json.lock"]
