"""One thing that happened, normalised: the unit of the ledger.

`type` and `facts` by source (the vocabulary that linking relies on; a source may add facts, never rename these):

tfe
  run            id run-…; one event per status timestamp, plus `pending` at created-at. facts on every run event:
                 title, run_kind (plan_only|plan_and_apply|save_plan|refresh_only|destroy|empty_apply), run_source,
                 trigger_reason, auto_apply, vcs_sender, on_default_branch, speculative, created_at,
                 policy_told (false: the server would not say whether a policy was checked)
  run-actor      id run-…; status `confirmed-by` or `canceled-by`: a relationship of the run, seen whenever it appears
  run-event      id re-…; status = action; facts: role (a Role or null), comment
  plan           id plan-…; status; facts: added, changed, destroyed, imported, has_changes
  apply          id apply-…; status; facts: added, changed, destroyed, imported
  policy-check   id polchk-…; one event per status timestamp; facts: scope, parsed, counts {passed, hard_failed,
                 soft_failed, advisory_failed}, policies [{set, policy, level, verdict, description}],
                 system (sentinel|policy-evaluation|terraform-policy); level mandatory: was hard- or soft-mandatory, not told which
                 stage (of the run, where told); level mandatory_overridable: terraform-policy's that may be overridden
  task-stage     id ts-…; one event per status timestamp, and overridden where it awaited an override and went on; facts: stage
  task-result    id taskrs-…; status; facts: stage, task, level (advisory|mandatory), message, outcomes (how many details it gave)
  cost-estimate  id ce-…; status; facts: prior, proposed, delta (decimal strings, a month), resources, unmatched, message
  plan-resources id plan-…/<part>; status listed|unavailable; facts: part, parts, resources [{address, previous_address, module,
                 mode, type, name, provider, actions, reason, importing, attributes [names], redacted [names of which it is not told
                 whether they change], deposed, object (which one it makes, of what is destroyed which one it was; absent: none that
                 we know) {system, group, kind, namespace, name (null: none, or not known), untold {part: because}, perhaps [kinds]}
                 (see domain/resource), object_before (another one that it made until then), more (a further piece of the entry
                 before)}], drift [the same], holds [{address, type, object}] (of those that are unchanged), providers
                 [{name, version, module}], modules [{address, source, version}] (null: not told); in part 1 unchanged, deferred,
                 unreadable (counts), terraform; where unavailable: because
  apply-resources id apply-…/<part>; status listed|unavailable; facts: part, parts, resources [{address, action, result
                 (complete|errored|started)}]; in part 1 complete (the log has its end), unread (lines); where unavailable: because
  workspace      id ws-…; status created|changed|locked|unlocked|deleted|unavailable|returned; facts: settings {name: value},
                 changed {name: [before, after]}, observed_after (null: its first sight, nobody's act), observed_before, because,
                 reason (of a lock)
  assessment     id asmtres-… (ws-…, unknown: none was ever made);
                 status drifted|undrifted|failed|unknown; facts: drifted, undrifted (counts), checks {passed, failed,
                 errored, unknown}, because, episode (the id of the result that opened it; null while there is none), onset_after,
                 unknown_since
  state-version  id sv-…; status created: only those that no run made; facts: serial, terraform_version, because
  run-base       id run-…; status after|first|unknown: what its workspace was at before it changed anything; facts: previous_run,
                 previous_commit, commit, repository, branch, paths [directory, or glob of files, from the top; '' all], paths_then
                 (false: as its workspace watches now, or never said), because
  audit          id of the audit trail's entry; status = its action; facts: resource {type, id}, meta {comment,
                 run {id, name}, workspace {id, name}, actor}, service; the run it is about is its key, where it says that
argocd (facts of any event: clock_ahead, whole seconds that the server's clock is ahead of ours, where that was measured to be
                 minutes: then all times but observed_at are by the server's clock)
  operation      id <uid>/<startedAt>; status = phase; facts: operation_kind (automated|self-heal|manual|selective|prune|
                 rollback|local|dry-run|applicationset|injected|unknown: only a history that
                 names nobody tells of it), revision, revisions, path, target_revision, previous_revision,
                 started_at, finished_at, message, history_id, retry_count, automated, uid, resources [{group, kind, namespace,
                 name, status, message, phase (PreSync|Sync|PostSync|SyncFail), hook, hook_phase, wave, images} as texts, in the
                 order of execution], also [retry|force|replace|pruning], options (sync options), failures [{cause, words, kind,
                 group, version, name, object, of (the resource that failed)}] (causes: see sources/argocd/failures), waits_for,
                 terminated_by (null: unknown) and terminated_because where it was terminated, perhaps_dry_run,
                 perhaps_applicationset (true: what is known of it fits that as well), partial, kind_by (how its kind is known:
                 announcement|record|history|silence), back_to (of a rollback: the history entry; null: unknown), resources_total
                 (where it holds more resources than are here: then operation-results tell them all)
  operation-results  id <uid>/<startedAt>; status listed; facts: part, parts, resources [as an operation's], attempt (the failed
                 attempt they are of; null: of the operation at its end)
  attempt        id <uid>/<startedAt>; status Failed: an attempt of an operation that goes on; facts: number (failed attempts so
                 far), unseen (of them, since the last that was told), message, failures, resources, revisions, finished_at
  waiting        id <uid>/<startedAt>; status Running; facts: waits_for: what it was seen to wait for, once it is another
  history        id <uid>/<history id>; the same facts, as the history tells them
  history-gap    id <uid>/<from>-<to>, of heals <uid>/<end before>~<start after>; facts: from_id, to_id (null: of heals), size, uid,
                 of (full operations|self-heals|operations, of any kind: counted_by Argo CD's own counter, id
                 <uid>/<from>+<to>), entries (that left the history; `size` is without those that were announced and
                 so stand), from_at, to_at, message
  unwitnessed    id <uid>/<from>~<to>; status possible: operations may have come and gone in that time; facts: from_at, to_at,
                 at_most (null: nothing bounds it), known (operations of that time that are told), because
  integrity      id <uid>; status rewritten|shortened|restarted (the history) or altered (the record of an operation that was
                 over): what was read is not what stands there now; facts: message, history_ids, changes [{history_id, operation,
                 before, after {at, revisions, source, initiator, print} or {phase, finished_at, names, revisions}}] (after is
                 null where it is gone), otherwise (what else than somebody's hand may have done it); the actor is unknown
  announcement   id of the Kubernetes event; facts: reason, message, user, uid
  sync-status    id <uid>; status Synced|OutOfSync|Unknown; facts: revision, resources, uid
  health         id <uid>; status Healthy|…; facts: uid
  drift          id <uid>/<onset>; status OutOfSync when it opens, Synced when it closes; facts: onset_after,
                 onset_before, resources, revision, ended_by (an operation id or null), uid
  comparison     id <uid>; status compared|unavailable; facts: revisions, compared_at (the comparison with Git), part, parts,
                 because, resources [{group, kind, namespace, name, difference (missing|extra|modified), changes [{path, live,
                 declared (JSON text, null: absent; of one that is cut live_digest, live_length, declared_digest,
                 declared_length tell of the whole), by [managers that own the field], writers [{manager, operation, subresource,
                 at} that own the field]}], managers [{manager, operation, subresource, at}], ignore_extraneous, version, created,
                 owner, target_changed, live_changed (since the last look at it; null: none), more (a further piece of the object
                 before: its next changes and managers)}]
  differing      id <uid>; status = the sync status: everything that differs, told when that set, what it was compared with or
                 the status changed, and once when nothing differs any more; facts: part, parts, seen_after (the look before, at
                 which it stood otherwise; null: none), turned_at (when the turn was announced; null: it was not), compared_at,
                 revisions, deployed [the revisions of the last full deployment] (null: none is known), same_source (it was
                 compared with the sources that are deployed; null: not known), auto_sync, self_heal, resources [{group, kind,
                 namespace, name, status, health, requires_pruning, wave}], gone [{group, kind, namespace, name}] (differed at the
                 look before), operation (the id of the last one that was over: it outlasted that; null: none is known), ignored
                 [as resources] (of a Synced one: its owner declared them to be no difference), because (of an empty list)
  comparison-gap id <uid>/<since>; status open|closed: what the application shows does not tell whether it is as declared; facts:
                 why (unknown|stale|frozen), because, since_after, since_before, until (null while open), conditions
  secret-refs    id <uid>; status listed|unavailable: what the application's objects say of secrets, told when that changed (a
                 refresh on its schedule at most every six hours); names, never a value; facts: look (the same in all parts of
                 one look), part, parts, revisions, compared_at, stores [{kind, namespace, name, system (of app/domain/lineage),
                 provider, mount, prefix, region, place}], externals [{kind, namespace, name, target (the Secret it makes),
                 interval (seconds; 0: never by itself; null: not known), refreshed_at, synced_version, ready, reason, live}], refs
                 [{kind, namespace, name (whose), how (data|extract|find), key, property, version, store_kind, store; of find:
                 pattern, tags}], workloads [{group, kind, namespace, name, restarted_at, rolled_at, reloader}], uses [{kind,
                 namespace, name (whose), secret, by (env|volume|pull|tls)}]; all empty once it has none; where unavailable: because
  managed        id <uid>/<part>; status listed: the objects that the application manages, told when that set changed; facts: look
                 (the same in all parts of one look), part, parts, resources [{group, kind, namespace, name, wave (absent: not
                 told)}]
  continued      id and status of an event whose lists are too long for one: facts: of (its type), event (its id), part (from 2
                 on), parts, and the next items of those lists, of which it says `<name>_total`
  application    id <uid>; status created|changed|deleted; facts: spec digest, source, uid, set (the ApplicationSet that made it),
                 managed_by (the application whose manifests hold it)
  applicationset id <uid>; status created|changed|deleted|unlisted; facts: set, spec digest, applications (how many), generators
                 [{kind, repository, revision}], strategy, steps [{matches, max_update}], applications_sync, preserves_resources,
                 project, sources, managed_by, changed [names], was, observed_after
  set-application id <uid of the set>/<application>; status added|removed, or how its rolling sync stands for it
                 (Waiting|Pending|Progressing|Healthy); facts: set, application, observed_after, or step, steps, message, since,
                 target_revisions
  set-condition  id <uid of the set>/<type>; status True|False|Unknown; facts: set, condition, reason, message
  set-announcement id of the Kubernetes event; facts: set, reason, message
  rolling-sync   id = its operation's; status known|unknown; facts: set, set_uid, step, steps, message, since, target_revisions,
                 because (why the set, or its step, is not known)
  revision       id <sha>; facts: author, message, date (what Argo CD says of the commit), hydrated (true: the hydrator made it,
                 whatever name it bears), references [{sha, repository, author, subject, date}] (commits that its trailers name)
  artifact       id <operation>/<index of the source>; status known|unavailable; facts: index, registry, chart, revision (a version
                 or a digest), description, home, maintainers, or of OCI authors, created_at, version, docs, source, repository,
                 commit (that it says it was made from; null: it names none); because where unavailable
  hydration      id <uid>/<startedAt>, of a pair seen only when it was over <uid>/<dry>..<hydrated>; status = phase
                 (Hydrating|Hydrated|Failed); facts: dry, hydrated (commits, null: none yet), started_at, finished_at, message,
                 repository, path, target_revision (of the dry source), hydrated_repository, hydrated_path, branch (that is
                 synced), hydrate_to (the branch it was pushed to, where that is another one); the actor is the hydrator
  dry-source     id = its operation's; status known|unknown; facts: hydrated, dry (null: not known), hydrated_before, dry_before,
                 known_by (pair|reference), because, pairs [{hydrated, dry}] (others of the application), and the places as above
github
  pull-request   id = node id; status open|head|merged|closed|reopened; facts: number, title, base, head, head_oid,
                 merge_commit, labels, body_digest, state
  review         id = node id; status APPROVED|CHANGES_REQUESTED|COMMENTED|DISMISSED|PENDING; facts: number, commit, head_oid
  commit         id <sha> within its pull request; facts: number, sha, headline, author, committer, authored_at
  range          id <base>..<head>; facts: base, head, status, commits, paths {path: [sha]}, complete
  commit-pulls   id <sha>; facts: sha, pulls [{number, merged, base, merge_commit, repository}]
github and gitlab (the same words; a merge request is a pull-request, and its iid the number)
  pull-request   facts also: merge_method (merge|squash|rebase|fast-forward|queue|train|push|null; push: its commits were
                 pushed to the base, which marked it merged), auto_merge_by (an actor as facts {name, id, kind, because}, null: it
                 was not on); status also ready_for_review|convert_to_draft|auto_merge_enabled|auto_merge_disabled|
                 added_to_merge_queue|removed_from_merge_queue|base_changed|base_force_pushed, where told
                 with before, after, reason, method; and unavailable (because: it was deleted at the host)
  review         facts also: commit_derived (true: the host does not say which commit; it was the newest version then), dated_by
                 (approved_at|note|observation), because
  head-push      id of the timeline item or version; within its pull request; status force_push|push; facts: before, after; the
                 actor is the pusher, unknown where the host does not tell
  check          id of the check run or status; within its pull request; status = conclusion, in lower case (while there is none
                 its state: queued|in_progress|pending|expected|…); facts: number, name, head_oid,
                 required (true|false|null), because (of null), started_at, completed_at, app
                 status also none (the host was asked, and that head has no check) and unavailable (could not be read, because);
                 name is then null, and the id <pull request>/<head>
  push           id <ref>/<after> (or the activity's own); status push|force_push|branch_creation|branch_deletion|pr_merge|
                 merge_queue_merge; facts: ref, before, after, commits [sha], pulls [numbers], direct (true|false|null), because;
                 also unproposed [sha] (of `commits`, those that no pull request merged into ref brought; absent: all of a direct
                 one), undone [sha] (left the branch: history was rewritten), title, authors (as a commit's), part, parts; the
                 actor is the pusher as the host authenticated it, unknown where it does not tell, never a commit's author
                 indirect [numbers]: pull requests that this very push marked merged, protected branch or not
  branch-rules   id <repository>@<branch>; status seen|changed|unavailable; facts: branch, rules, changed {name: [before, after]}
                 (after unavailable it may be [null, after]), because; rules has protected, required_approvals, required_checks
                 [name], dismiss_stale_reviews, last_push_approval, code_owner_review, force_pushes, deletions, admins_included,
                 merge_queue (null: not told, and `untold` {name: because}), and the host's own beside them
  pull-request and commit facts also: reverts [commit, or owner/name#number], picks [commit]: what their text says they revert, or
                 were cherry-picked from (app/domain/mentions.py)
  repository     id = node or numeric id; status seen|renamed|transferred|unavailable; facts: name, former, default_branch, because
portal
  identity       id of the account (`<system>:<account>`); status joined|separated|bot; facts: account, system, person, because,
                 login (of a number: the user name it had then), number (of a user name: the number it had); the actor decided
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.actor import Actor
from app.domain.ref import Ref


class Step(StrEnum):
    """The house words. They feed linking, controls and search; pages show the source's own."""

    PROPOSED = "proposed"  # a pull request was opened
    PUSHED = "pushed"  # a commit came to it, or its head moved
    REVIEWED = "reviewed"
    MERGED = "merged"
    CLOSED = "closed"
    REQUESTED = "requested"  # a run was created, a sync was started
    PLANNED = "planned"
    JUDGED = "judged"  # a policy said its verdict
    OVERRIDDEN = "overridden"
    CONFIRMED = "confirmed"  # a person, or auto-apply, let it go on
    APPLIED = "applied"
    STOPPED = "stopped"  # discarded, cancelled, errored before anything was changed
    SYNCED = "synced"
    ASSESSED = "assessed"  # health or sync status was seen
    DRIFTED = "drifted"
    HEALED = "healed"
    REVERTED = "reverted"  # a rollback
    NOTED = "noted"  # everything else worth keeping


class How(StrEnum):
    """How an event is known."""

    OBSERVED = "observed"  # seen as it stood
    RECONSTRUCTED = "reconstructed"  # from a history or an announcement
    INFERRED = "inferred"  # a gap of known size and unknown content


@dataclass(frozen=True, slots=True)
class Keys:
    """What joins events. Repositories are `owner/name`; commits are full SHAs; `operation` is `<uid>/<startedAt>`."""

    repository: str | None = None
    pull_request: int | None = None
    commits: tuple[str, ...] = ()
    workspace: str | None = None
    run: str | None = None
    application: str | None = None
    project: str | None = None
    destination: str | None = None  # cluster/namespace
    operation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`status` is the source's own word; `known` is False when that word is new to us. Times are aware UTC."""

    id: UUID
    source: str
    kind: str
    type: str
    step: Step
    status: str
    ref: Ref
    occurred_at: datetime
    observed_at: datetime
    actor: Actor | None = None
    known: bool = True
    how: How = How.OBSERVED
    keys: Keys = field(default_factory=Keys)
    facts: Mapping[str, Any] = field(default_factory=dict)
    observation: str | None = None  # sha256:… of the raw payload, kept beside the ledger


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the ledger holds it."""

    seq: int
    event: Event
    recorded_at: datetime
    leaf_hash: bytes = b""


REPOSITORIES = "repositories"
LOOKED_INTO = frozenset(("workspace", "assessment", "push", "continued"))  # types whose facts `entity_of` looks into


def entity_of(event: Event) -> str | None:
    """The key of the thing whose story this event tells, or None when it tells none by itself.

    `pr:<source>:<repository>#<n>` · `run:<source>:<run id>` · `operation:<source>:<uid>/<startedAt>` ·
    `drift:<source>:<uid>/<onset>` · `gap:<source>:<uid>/<ids>` ·
    `gap:<source>:possible/<uid>/<from>~<to>` (an unwitnessed time) · `integrity:<source>:<uid>/<event id>` ·
    `range:<repository>:<base>..<head>` ·
    `commit:<repository>@<sha>` · `push:<source>:<repository>@<after>` ·
    `setting:<source>:<workspace id>/<event id>` · `state:<source>:<state version id>` ·
    `rules:<source>:<repository>@<branch>/<event id>` · `app:<source>:<uid>` ·
    `repositories` (one for all: who held which name when)
    """
    keys, kind = event.keys, event.type
    if keys.run:
        return f"run:{event.source}:{keys.run}"
    if kind in ("workspace", "assessment", "state-version"):
        return _of_workspace(event)
    if kind == "continued":
        return _continued(event)
    if kind == "drift":
        return f"drift:{event.source}:{event.ref.id}"
    if kind == "history-gap":
        return f"gap:{event.source}:{event.ref.id}"
    if kind == "unwitnessed":
        return f"gap:{event.source}:possible/{event.ref.id}"
    if kind == "integrity":
        return f"integrity:{event.source}:{event.ref.id}/{event.id}"
    if kind == "history" and not keys.operation:
        return f"operation:{event.source}:{event.ref.id}"
    if keys.operation:
        return f"operation:{event.source}:{keys.operation}"
    if kind in ("application", "managed"):
        return f"app:{event.source}:{event.ref.id.partition('/')[0]}"
    if kind == "range":
        return f"range:{keys.repository}:{event.ref.id}"
    if kind == "commit-pulls":
        return f"commit:{keys.repository}@{event.ref.id}"
    if kind == "push":
        return f"push:{event.source}:{keys.repository}@{event.facts.get('after') or event.ref.id.rpartition('/')[2]}"
    if kind == "branch-rules":
        return f"rules:{event.source}:{event.ref.id}/{event.id}"
    if kind == "repository":
        return REPOSITORIES
    if keys.pull_request is not None:
        return f"pr:{event.source}:{keys.repository}#{keys.pull_request}"
    return None


def _continued(event: Event) -> str | None:
    """The story of the event that it continues; one of an operation has the operation among its keys."""
    of, ident = event.facts.get("of"), event.ref.id
    if event.keys.operation:
        return f"operation:{event.source}:{event.keys.operation}"
    told = {"drift": f"drift:{event.source}:{ident}", "integrity": f"integrity:{event.source}:{ident}/{event.facts.get('event')}"}
    return told.get(str(of))


def _of_workspace(event: Event) -> str | None:
    """A first sight is nobody's act, and a result outside of an episode of drift tells nothing by itself."""
    if event.type == "state-version":
        return f"state:{event.source}:{event.ref.id}"
    if event.type == "assessment":
        episode = event.facts.get("episode")
        return f"drift:{event.source}:{episode}" if isinstance(episode, str) and episode else None
    return f"setting:{event.source}:{event.ref.id}/{event.id}" if event.facts.get("observed_after") else None
