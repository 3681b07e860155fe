"""A workflow of GitHub Actions, with the repository as the bot's store."""

from __future__ import annotations

from urllib.parse import quote

from tweetbot.schedule import repository
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.times import At, cron_fields, distance
from tweetbot.schedule.words import github as quoted
from tweetbot.schedule.words import shell, yaml
from tweetbot.schedule.zone import in_named_zone

WORKFLOW = """\
name: {name}
on:
  schedule:
{schedule}  workflow_dispatch:
    inputs:
      dry_run:
        description: Check store, key and text; post nothing
        type: boolean
        default: true
permissions:
  contents: {contents}
  actions: write # for the last step
concurrency:
  group: {name}
  cancel-in-progress: false
jobs:
  post:
    runs-on: ubuntu-24.04
    timeout-minutes: {minutes}
{environment}    env:
{variables}    outputs:
      id: ${{{{ steps.post.outputs.id }}}}
      url: ${{{{ steps.post.outputs.url }}}}
    steps:
      - uses: actions/checkout@v7
{checkout}      - run: pipx install {package}
      - name: Check, and post nothing
        if: ${{{{ inputs.dry_run }}}}
        run: |
          tweetbot status -p {profile}
          {check}
      - name: Post
        id: post
        if: ${{{{ !inputs.dry_run }}}}
        run: |
          said=$({post})
          jq -r '"id=\\(.id // "")", "url=\\(.url // "")"' <<< "$said" >> "$GITHUB_OUTPUT"
      # GitHub switches a schedule off after 60 days without activity in a public repository.
      - name: Keep the schedule on
        if: ${{{{ !cancelled() && github.event_name == 'schedule' }}}}
        continue-on-error: true
        run: gh api -X PUT "repos/$GITHUB_REPOSITORY/actions/workflows/{name}.yml/enable"
        env:
          GH_TOKEN: ${{{{ github.token }}}}
"""
CHECKOUT = "        with:\n          persist-credentials: true # the store is this repository\n"
# GitHub starts late and now and then not at all, so a time is tried again; of these starts one
# posts.
AGAIN_AFTER = (60, 180)  # minutes
MIN_GAP = 6 * 60  # minutes; longer than the last start may be late, shorter than half a day


def plan(job: Job) -> Plan:
    times, zone, warnings = in_named_zone(job.zone, job.times, now=job.now)
    times, more = _tried_again(job, times)
    post = repository.command(job, quoted, *more)
    body = WORKFLOW.format(
        name=job.name,
        profile=job.profile,
        schedule="".join(
            f'    - cron: "{fields}"\n      timezone: {yaml(zone)}\n'
            for fields in cron_fields(times)
        ),
        contents="read" if job.is_in_redis else "write",
        minutes=job.minutes,
        environment=f"    environment: {yaml(job.environment)}\n" if job.environment else "",
        variables="".join(f"      {name}: {text}\n" for name, text in _variables(job).items()),
        checkout="" if job.is_in_redis else CHECKOUT,
        package=shell(job.package),
        check=post.replace(" post ", " post -n ", 1),
        post=post if "--json" in job.words else post.replace(" post ", " post --json ", 1),
    )
    file = headed("github", f".github/workflows/{job.name}.yml", body)
    remarks = (*warnings, *repository.warnings(job))
    by_hand = ("mkdir -p .github/workflows  # and put the file there; --write does it for you",)
    return Plan((file,), _steps(job), remarks, by_hand)


def _tried_again(job: Job, times: tuple[At, ...]) -> tuple[tuple[At, ...], tuple[str, ...]]:
    """Return the times with further starts, where there is room, and the words that need it."""
    if distance(times) < 2 * MIN_GAP or (job.min_gap or 60 * MIN_GAP) < 60 * max(AGAIN_AFTER):
        return times, ()
    more = () if job.min_gap else ("--min-gap", f"{MIN_GAP // 60}h")
    return tuple(at.later(minutes) for at in times for minutes in (0, *AGAIN_AFTER)), more


def _variables(job: Job) -> dict[str, str]:
    kept = {name: yaml(text) for name, text in job.variables_elsewhere.items()}
    if job.is_in_redis:
        return {"TWEETBOT_STORE": _secret("TWEETBOT_STORE"), **kept}
    return {
        "TWEETBOT_STORE": yaml(repository.git_store(job)),
        "TWEETBOT_KEY": _secret("TWEETBOT_KEY"),
        **kept,
    }


def _secret(name: str) -> str:
    return f"${{{{ secrets.{name} }}}}"


def _steps(job: Job) -> tuple[str, ...]:
    where = f" --env {shell(job.environment)}" if job.environment else ""
    name = "TWEETBOT_STORE" if job.is_in_redis else "TWEETBOT_KEY"
    hand_over = f'printf %s "${name}" | gh secret set {name}{where}'
    if not job.store:  # from a pipe, gh would take nothing, too: a failed export would be the key
        export = f"tweetbot export -p {job.profile} --to {repository.git_store(job)}"
        hand_over = f'key=$({export}) && printf %s "$key" | gh secret set {name}{where}'
    return (
        *_environment(job),
        hand_over,
        repository.committed(job, f".github/workflows/{job.name}.yml"),
        f"gh workflow run {job.name}.yml -f dry_run=true  # checks, and posts nothing",
    )


def _environment(job: Job) -> tuple[str, ...]:
    """Return the line that makes the environment: a secret needs one that is there."""
    if not job.environment:
        return ()
    path = f"repos/{{owner}}/{{repo}}/environments/{quote(job.environment, safe='')}"
    return (f"gh api -X PUT '{path}'  # in its settings, open it to the default branch alone",)
