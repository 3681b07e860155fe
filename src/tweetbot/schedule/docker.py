"""A Dockerfile: an image that posts, without root and on a read-only disk."""

from __future__ import annotations

from pathlib import Path

from tweetbot.schedule import cron
from tweetbot.schedule.container import USER, build, context, image, inside, post, resource_name
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.times import cron_fields
from tweetbot.schedule.words import cron as quoted
from tweetbot.schedule.words import docker_source, docker_word, json_list, shell, shell_line
from tweetbot.schedule.zone import in_scheduler_time

DOCKERFILE = """\
FROM python:3.13-slim
{git}RUN pip install --no-cache-dir --compile '{package}' \\
    && install -d -m 0700 -o {user} -g {user} /state
{copies}ENV TWEETBOT_CONFIG_DIR=/state HOME=/tmp PYTHONDONTWRITEBYTECODE=1
USER {user}:{user}
WORKDIR /bot
ENTRYPOINT ["tweetbot"]
CMD {command}
"""
GIT = """\
RUN apt-get -q update && apt-get -qy install --no-install-recommends git \\
    && rm -rf /var/lib/apt/lists/*
"""
LISTED = "# Pictures that a list names need a COPY of their own.\n"


def plan(job: Job) -> Plan:
    times, warnings = in_scheduler_time(job.zone, job.times, now=job.now, whose="cron")
    copies = [_copy(job, path) for path in dict.fromkeys(job.files)]
    body = DOCKERFILE.format(
        git=GIT if job.store.startswith("git:") else "",
        package=job.package,
        user=USER,
        copies="".join([*([LISTED] if copies else []), *copies]),
        command=json_list(post(job)),
    )
    run = ["docker", "run", "--rm", *_options(job), image(job)]
    line = cron.logged(job, " ".join(map(quoted, run)))
    return Plan(
        (headed("docker", "Dockerfile", body),),
        (
            build(job),
            *_store_step(job),
            *_move_in(job),
            shell_line([*run, "status"]),
            *(f"{fields}  {line}" for fields in cron_fields(times)),
        ),
        tuple(warnings),
    )


def _copy(job: Job, path: Path) -> str:
    source = docker_source(path.relative_to(context(job)).as_posix())
    words = json_list([source, docker_word(inside(job, path))])
    return f"COPY --chown={USER}:{USER} {words}\n"  # it may be its owner's alone


def _options(job: Job) -> list[str]:
    variables = [f"{name}={text}" for name, text in job.variables_elsewhere.items()]
    place = ["--env-file", str(_store_file(job))] if job.store else ["-v", f"{_volume(job)}:/state"]
    hardened = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges"
    return [*hardened.split(), *place, *(word for one in variables for word in ("-e", one))]


def _store_file(job: Job) -> Path:
    """Where the store's address and key lie, for they may be secrets, and cron has no variables."""
    return (job.folder or job.here.home) / f"{job.profile}.env"


def _store_step(job: Job) -> list[str]:
    """Return the line that writes that file; docker takes what stands behind = as it is."""
    if not job.store:
        return []
    names = [name for name in ("TWEETBOT_STORE", "TWEETBOT_KEY") if job.here.environ.get(name)]
    form = "".join(f"{name}=%s\\n" for name in names)
    values = " ".join(f'"${name}"' for name in names)
    return [f"(umask 077; printf '{form}' {values} > {shell(str(_store_file(job)))})"]


def _volume(job: Job) -> str:
    return resource_name(job.name)


def _move_in(job: Job) -> list[str]:
    """The login moves into the volume, unless it lives in a store that the container reaches."""
    if job.store:
        return []
    there = ["docker", "run", "--rm", "-i", *_options(job), image(job)]
    name = job.profile
    return [f"tweetbot export -p {name} | {shell_line(there)} import -p {name}"]
