"""What each form of `dabiao export` is made from, and what the log of acts keeps of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.opening import progress
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.asking import Asked
    from agent.config import Config
    from agent.export import Basis
    from agent.ledger import Ledger
    from agent.model import Day, Instant
    from agent.status import Question

TEMPLATED = ("self-evaluation", "monitoring")


@dataclass(frozen=True)
class Order:
    """What is to be made, and from what."""

    config: Config
    ledger: Ledger
    form: str
    year: int
    question: Question  # its days are those of the form
    profile: str
    file: Path
    now: Instant
    targets: Sequence[Path]
    owner: str | None = None  # of the workbook offices fill in: the one it is for
    demo: bool = False  # of a report: its figures are made up
    template: Path | None = None  # the bureau's own workbook, where that is filled in

    @property
    def days(self) -> tuple[Day, Day]:
        """The first day of the form, and the day after its last."""
        first, last = self.question.first, self.question.last
        assert first is not None
        assert last is not None
        return first, last


@dataclass(frozen=True)
class Made:
    """The file's content, what the log keeps of it, and what is said to the person who asked."""

    content: bytes
    body: Mapping[str, Any]
    said: Sequence[str] = ()


def judged(order: Order) -> Made:
    """One of the forms that verdicts go into."""
    (made,) = official([order])
    return made


def official(orders: Sequence[Order]) -> list[Made]:
    """Forms of one year that verdicts go into, from one reading of the ledger."""
    from agent.export import LAYOUTS, format_of
    from agent.export.logged import fingerprint
    from agent.export.template import filled_template

    writers = [format_of(order.file) for order in orders]
    made = []
    with judged_bases(orders) as bases:
        for order, write, (basis, body) in zip(orders, writers, bases, strict=True):
            with progress("filling in") as filling:
                form = LAYOUTS[order.form](basis, filling)
            body = {**body, "rows": form.printed}
            if order.template is None:
                made.append(Made(write(form), body, form.said))
                continue
            content, differs = filled_template(order.template, form, basis.profile)
            made.append(Made(content, {**body, "template": fingerprint(order.template)}, [*differs, *form.said]))
    return made


def check_template(order: Order) -> None:
    """A bureau's own file is filled in as a new workbook, never in its place."""
    template = order.template
    if template is None:
        return
    if order.form not in TEMPLATED:
        raise ConfigError(f"--template：只用于 {'、'.join(TEMPLATED)}")
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：填入下发表时文件名应以 .xlsx 结尾")
    if order.file.exists() and template.exists() and order.file.samefile(template):
        raise ConfigError(f"-o {order.file}：就是下发表本身；请换一个文件名，下发表不会被改动")


def told(order: Order) -> Made:
    """A report of the period for those who manage it."""
    from agent.report import REPORTS, material, writer_of

    write = writer_of(order.file)
    with judged_bases([order]) as ((basis, body),), progress("telling") as telling:
        story = REPORTS[order.form](material(basis, order.demo), telling)
    return Made(write(story), {**body, "demo": order.demo, "rows": story.printed}, [story.sentence])


@contextmanager
def judged_bases(orders: Sequence[Order]) -> Iterator[Iterator[tuple[Basis, dict[str, Any]]]]:
    """What forms of one year are made from, each judged when its turn comes, and what the log keeps of that."""
    from agent.asking import asked, of_days, settled
    from agent.export import Basis, load_profile, period_of, plan_of
    from agent.export.logged import seq_of

    orders = [replace(order, question=settled(order.ledger, order.question, order.now)) for order in orders]
    first = orders[0]
    plan, profile = plan_of(first.config, first.year), load_profile(first.profile)
    seq = seq_of(first.ledger)

    def bases(answer: Asked) -> Iterator[tuple[Basis, dict[str, Any]]]:
        for former, order in zip([first, *orders], orders, strict=False):
            question = order.question
            if question != former.question:
                answer = of_days(order.config, answer, question)
            board, snapshot = answer.board, answer.snapshot
            window = period_of(plan, *order.days)
            yield (
                Basis(order.config, board.ledger, snapshot, plan, window, profile),
                {
                    **_logged(
                        order, question.at, snapshot.as_of, snapshot.seq if board.ledger is order.ledger else seq
                    ),
                    "profile": {"name": profile.name, "sha256": profile.sha256},
                },
            )

    with (
        progress("judging") as judging,
        asked(first.config, first.ledger, first.question, first.now, judging, found=False) as answer,
    ):
        if answer.tried:
            raise ConfigError([f"{name}：口径与账本中的不同；先运行 dabiao collect，再导出" for name in answer.tried])
        yield bases(answer)


def _logged(order: Order, at: Instant | None, as_of: Instant, seq: int) -> dict[str, Any]:
    """What the log keeps of every form: of which days it is, from when and what it was made."""
    from agent.export.logged import fingerprint, iso

    first, last = order.days
    return {
        "year": order.year,
        "first": iso(first),
        "last": iso(last),
        "at": at,
        "as_of": as_of if at is None else None,
        "seq": seq if order.question.through is None else order.question.through,
        "targets": [fingerprint(path) for path in order.targets],
    }


def offices(order: Order) -> Made:
    """The workbook in which each office fills in what it answers for."""
    from agent.asking import asked, settled
    from agent.book.statements import filled
    from agent.export import plan_of
    from agent.export.logged import seq_of
    from agent.ledger import acts
    from agent.roundtrip import sheets_of, workbook

    seq = seq_of(order.ledger)
    order = replace(order, question=settled(order.ledger, order.question, order.now))
    plan, question = plan_of(order.config, order.year), order.question
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：填报表的文件名应以 .xlsx 结尾")
    with (
        progress("judging") as judging,
        asked(order.config, order.ledger, question, order.now, judging) as (board, snapshot, _),
        board.ledger.read() as session,
    ):
        heads = filled(acts.read(session))
    first, last = order.days
    verdicts = [one for one in snapshot.verdicts if (one.window.first, one.window.last) == (first, last)]
    through = min(last - 1, plan.days.day_of(snapshot.as_of))
    try:
        sheets = sheets_of(plan, verdicts, heads, through, order.owner)
    except ValueError as unknown:
        raise ConfigError(f"--owner：{unknown}") from None
    body = {**_logged(order, question.at, snapshot.as_of, seq), "owner": order.owner}
    return Made(workbook(sheets), body, [f"{owner}：{len(rows)} 行" for owner, rows in sheets.owners.items()])


def readings(order: Order) -> Made:
    """The workbook in which the readings of ours are confirmed or objected to."""
    from agent.book.standing import standing
    from agent.export import period_of, plan_of
    from agent.export.logged import seq_of
    from agent.ledger import acts
    from agent.roundtrip import lines_of, workbook_of_readings

    plan, question = plan_of(order.config, order.year), order.question
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：口径确认表的文件名应以 .xlsx 结尾")
    with order.ledger.read() as session:
        stands = standing(acts.read(session, question.through))
    lines = list(lines_of(order.config, plan, period_of(plan, *order.days)))
    body = _logged(order, None, order.now, seq_of(order.ledger))
    ours = sum(line.is_ours for line in lines)
    return Made(workbook_of_readings(plan, lines, stands), body, [f"口径 {len(lines)} 行，其中 {ours} 行为我方读法"])


FORMS: dict[str, Callable[[Order], Made]] = {
    "attest": offices,
    "readings": readings,
    "self-evaluation": judged,
    "monitoring": judged,
    "targets": judged,
    "annual-report": told,
    "monthly-report": told,
}
