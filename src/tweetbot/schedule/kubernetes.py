"""A CronJob of Kubernetes; the bot lives in Redis or in a git repository."""

from __future__ import annotations

from tweetbot.schedule.container import USER, build, image, post, resource_name
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.times import cron_fields
from tweetbot.schedule.words import kubernetes, yaml, yaml_list
from tweetbot.schedule.zone import in_named_zone

CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
spec:
  schedule: "{schedule}"
  timeZone: {zone}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  jobTemplate:
    spec:
      backoffLimit: 0
      activeDeadlineSeconds: {seconds}
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: {user}
            runAsGroup: {user}
            seccompProfile:
              type: RuntimeDefault
          containers:
            - name: tweetbot
              image: {image}
              args: {arguments}
              env:
{variables}              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities:
                  drop: [ALL]
              volumeMounts:
                - name: tmp
                  mountPath: /tmp
          volumes:
            - name: tmp
              emptyDir: {{}}
"""
SECRET = """\
                - name: {name}
                  valueFrom:
                    secretKeyRef:
                      name: {secret}
                      key: {key}
"""


def plan(job: Job) -> Plan:
    times, zone, warnings = in_named_zone(job.zone, job.times, now=job.now)
    fields = cron_fields(times)
    names = [resource_name(job.name, number) for number in range(1, len(fields) + 1)]
    body = "---\n".join(
        _cron_job(job, name, one, zone) for name, one in zip(names, fields, strict=True)
    )
    file = headed("kubernetes", f"{names[0]}.yaml", body)
    return Plan((file,), _steps(job, names[0]), tuple(warnings))


def _cron_job(job: Job, name: str, fields: str, zone: str) -> str:
    return CRON_JOB.format(
        name=name,
        schedule=fields,
        zone=yaml(zone),
        seconds=60 * job.minutes,
        user=USER,
        image=yaml(image(job)),
        arguments=yaml_list(map(kubernetes, post(job))),
        variables=_variables(job),
    )


def _variables(job: Job) -> str:
    plain = {"TWEETBOT_PROFILE": job.profile, **job.variables_elsewhere}
    lines = [
        f"                - name: {name}\n                  value: {yaml(kubernetes(text))}\n"
        for name, text in plain.items()
    ]
    secret = resource_name(job.name)
    return "".join(
        [*lines, *(SECRET.format(name=name, secret=secret, key=key) for name, key in _secrets(job))]
    )


def _secrets(job: Job) -> tuple[tuple[str, str], ...]:
    store = ("TWEETBOT_STORE", "store")
    return (store,) if job.is_in_redis or not job.store else (store, ("TWEETBOT_KEY", "key"))


def _steps(job: Job, name: str) -> tuple[str, ...]:
    move = f'tweetbot export -p {job.profile} --to "$TWEETBOT_STORE"  # a redis:// address'
    form = "".join(f"{key}=%s\\n" for _, key in _secrets(job))
    values = " ".join(f'"${variable}"' for variable, _ in _secrets(job))
    secret = f"kubectl create secret generic {resource_name(job.name)}"
    return (
        *(() if job.store else (move,)),
        f"printf '{form}' {values} | {secret} --from-env-file=/dev/stdin",
        "tweetbot schedule docker  # the same options make the Dockerfile",
        build(job),
        f"docker push {image(job)}  # with your registry before the name, here and in the file",
        f"kubectl apply -f {name}.yaml",
        f"kubectl create job --from=cronjob/{name} {name}-now  # one run, now: it posts",
    )
