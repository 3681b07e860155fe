"""A job for a pipeline of GitLab, with the repository as the bot's store."""

from __future__ import annotations

from tweetbot.schedule import repository
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.times import cron_fields
from tweetbot.schedule.words import shell, yaml
from tweetbot.schedule.zone import in_named_zone

PIPELINE = """\
{name}:
  image: python:3.13
  rules:
    - if: {rule}
  resource_group: {name}
  interruptible: false
  timeout: {minutes} minutes
  variables:
{variables}  script:
    - {install}
    - {post}
"""


def plan(job: Job) -> Plan:
    times, zone, warnings = in_named_zone(job.zone, job.times, now=job.now)
    rule = f'$CI_PIPELINE_SOURCE == "schedule" && $TWEETBOT_PROFILE == "{job.profile}"'
    body = PIPELINE.format(
        name=job.name,
        rule=f"'{rule}'",
        minutes=job.minutes,
        variables="".join(f"    {name}: {text}\n" for name, text in _variables(job).items()),
        install=yaml(f"pip install -q {shell(job.package)}"),
        post=yaml(repository.command(job, shell)),
    )
    file = headed("gitlab", ".gitlab-ci.yml", body, notes=["Add it to what is there."])
    return Plan(
        (file,), _steps(job, cron_fields(times), zone), (*warnings, *repository.warnings(job))
    )


def _variables(job: Job) -> dict[str, str]:
    # docs.gitlab.com, "Use CI/CD variables": $$ stands for $
    kept = {name: yaml(text.replace("$", "$$")) for name, text in job.variables_elsewhere.items()}
    store = {} if job.is_in_redis else {"TWEETBOT_STORE": yaml(repository.git_store(job))}
    return {"GIT_DEPTH": '"1"', **store, **kept}


def _steps(job: Job, fields: list[str], zone: str) -> tuple[str, ...]:
    name = "TWEETBOT_STORE" if job.is_in_redis else "TWEETBOT_KEY"
    store = repository.git_store(job)
    move = f"tweetbot export -p {job.profile} --to {store} | cat  # moves the bot, prints the key"
    schedules = [
        f"Build, Pipeline schedules: {one} ({zone}), with the variable TWEETBOT_PROFILE ="
        f" {job.profile}"
        for one in fields
    ]
    allow = "Settings, CI/CD, Job token permissions: allow Git push requests to the repository"
    return (
        *(() if job.store else (move,)),
        f"Settings, CI/CD, Variables: {name}, masked and protected",
        *(() if job.is_in_redis else (allow,)),
        repository.committed(job, ".gitlab-ci.yml"),
        *schedules,
    )
