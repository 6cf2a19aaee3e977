"""What alerts say, in Chinese: made of the kind of record, the times of its measure and the names in the files."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from agent import words
from agent.alerts.fate import End, Fate
from agent.config import Config, Indicator
from agent.measures import Share
from agent.measures.measure import Timed
from agent.model import Instant, OpenRecord, Snapshot, Stage, Verdict, utc_of
from agent.shown import countdown, moment, shown_target
from agent.worktime import LocalDays

LISTED = 5  # records a digest names of one indicator
URGENT = f"【{words.SEVERITIES['critical']}】"


class Wording:
    """Puts alerts into words."""

    def __init__(self, config: Config) -> None:
        """Take the names of systems, sources and indicators."""
        self._days: LocalDays = config.plans[-1].days
        self._zone = ZoneInfo(config.plans[-1].timezone)
        self._systems = {id: system.name for plan in config.plans for id, system in plan.systems.items()}
        self._sources = {source.id: source.name for source in config.sources}
        self._indicators: dict[tuple[str, str], Indicator] = {
            (project.id, one.id): one
            for plan in config.plans
            for project in plan.projects
            for one in project.indicators
        }

    def record(self, one: OpenRecord, now: Instant) -> str:
        """`【紧急】档案管理系统 故障单7 14:30:05报修，还剩1分50秒未响应，请立即在故障台受理`."""
        begun, end = self._moments(one.project, one.indicator)
        started = "恢复计时" if one.resumed else words.begun(begun)
        since = "" if one.starts is None else f" {self._time(one.starts, now)}{started}"
        late = "仍" if one.stage is Stage.OVERDUE else ""
        clock = countdown(one.due, now, one.left_us)
        return f"{URGENT}{self.subject(one)}{since}，{clock}{late}未{words.done(end)}，请立即{self._do(one)}"

    def subject(self, one: OpenRecord) -> str:
        """The record without how it stands."""
        return f"{self.place(one.system)}{self._noun(one.project, one.indicator)}{one.id}"

    def promise(self, one: OpenRecord, now: Instant) -> str:
        """By when it was promised, and what that counts toward."""
        indicator = self._indicators.get((one.project, one.indicator))
        name = one.indicator if indicator is None else indicator.name
        target = "" if indicator is None or not indicator.targets else shown_target(indicator.targets[-1][1])
        was = "原应" if one.stage is Stage.OVERDUE else "应"
        paused = "(曾经暂停，暂停的时间不计)" if one.resumed else ""
        done = self._done(one.project, one.indicator)
        due = "" if one.due is None else f"{was}在 {self._time(one.due, now)} 前{done}{paused}，"
        return f"{due}计入{name}{f'(目标{target})' if target else ''}"

    def ended(self, subject: str, project: str, indicator: str, fate: Fate) -> str:
        """That a record is no longer open, and which of the two it was where that is known."""
        done = self._done(project, indicator)
        match fate:
            case End.ANSWERED:
                became = f"已{done}"
            case str(reason):
                became = f"不再计入：{words.excluded(reason)}"
            case _:
                became = f"已{done}，或已撤回、不再计入"
        return f"【{words.ENDED}】{subject} {became}"

    def paused(self, subject: str, one: OpenRecord) -> str:
        """That its clock stands still."""
        done = self._done(one.project, one.indicator)
        return f"【{words.ENDED}】{subject} 计时已暂停，尚未{done}；恢复计时后，快到期时再提醒"

    def postponed(self, subject: str, one: OpenRecord, now: Instant) -> str:
        """That it has more time than before, and until when."""
        until = "" if one.due is None else f"到 {self._time(one.due, now)}"
        done = self._done(one.project, one.indicator)
        return f"【{words.ENDED}】{subject} 时限已延后{until}，尚未{done}，请在此之前{done}；快到期时再提醒"

    def old(self, subject: str, one: OpenRecord) -> str:
        """That it has been overdue for so long that only the digest tells of it."""
        done = self._done(one.project, one.indicator)
        return f"【{words.LET_GO}】{subject} 超时已满一天仍未{done}，今后只列入工作日早上的汇总，请尽快{self._do(one)}"

    def crowded(self, subject: str, one: OpenRecord) -> str:
        """That it is open still, and not among those told one by one."""
        done = self._done(one.project, one.indicator)
        return (
            f"【{words.LET_GO}】{subject} 尚未{done}；同时未{done}的过多，这一件不再单独提醒，"
            f"请在{words.WALL}查看还剩多久，并立即{self._do(one)}"
        )

    def unseen(self, subject: str, project: str, indicator: str, source: str) -> str:
        """That nobody can say here whether it is open still."""
        done, where = self._done(project, indicator), self._sources.get(source, source)
        return f"【{words.LET_GO}】{subject} 同时未{done}的过多，这一件不再单独提醒，是否已{done}请在{where}查看"

    def over(self, subject: str) -> str:
        """That what is no single record is over."""
        return f"【{words.ENDED}】{subject}的情况已缓解，其余的和新增的恢复逐件提醒"

    def place(self, system: str | None) -> str:
        """A system's name with a space, nothing where there is none."""
        return f"{self._systems.get(system, system)} " if system else ""

    def warned(self, one: OpenRecord, due: Instant) -> Instant:
        """When the record began to be due soon."""
        indicator = self._indicators.get((one.project, one.indicator))
        return due - (indicator.warn_before_us if indicator else 0)

    def crowd(self, one: OpenRecord) -> str:
        """What came in a crowd, where."""
        noun, end = self._noun(one.project, one.indicator), self._done(one.project, one.indicator)
        return f"{self.place(one.system)}{noun}集中未{end}"

    def pile(self, first: OpenRecord, verdict: Verdict | None, alone: int, now: Instant) -> tuple[str, str]:
        """How many there are where so many came at once that not each rings, in one line; and what becomes of them.

        `first` is the one that came due first.
        """
        stages = verdict.stages if verdict is not None else {}
        late, soon = stages.get(Stage.OVERDUE, 0), stages.get(Stage.DUE_SOON, 0)
        longest = (
            f"(最久的{first.id} {countdown(first.due, now, first.left_us)})" if first.stage is Stage.OVERDUE else ""
        )
        order = "，先办还来得及的，再办已超时的" if late and soon else ""
        staged = ((late, f"已超时{late}件{longest}"), (soon, f"即将超时{soon}件"))
        counts = "、".join(said for number, said in staged if number)
        rest = f"其余{number}件和此后新增的" if (number := late + soon - alone) > 0 else "此后新增的"
        watch = f"{rest}不再逐件提醒，请盯住{words.WALL}，直到收到本条的【{words.ENDED}】"
        return (
            f"{URGENT}{self.crowd(first)}：{counts}，请立即{self._do(first)}{order}",
            f"其中{alone}件已逐件提醒；{watch}",
        )

    def digest(self, system: str, verdicts: Sequence[Verdict], snapshot: Snapshot) -> tuple[str, str]:
        """What one system has to do today, in one line, and by indicator with the records, the oldest first."""
        today = sum(verdict.due_today for verdict in verdicts)
        late = sum(verdict.stages.get(Stage.OVERDUE, 0) for verdict in verdicts)
        ends = list(dict.fromkeys(self._done(verdict.project, verdict.indicator) for verdict in verdicts))
        end = ends[0] if len(ends) == 1 else "办完"
        in_time = f"在各自到期之前{end}"
        do = f"请先办已超时的，其余{in_time}" if late and today else f"请尽快{end}" if late else f"请{in_time}"
        counts = "，".join(_counts(late, today))
        lines = [self._waiting(system, verdict, snapshot) for verdict in verdicts]
        return f"【{words.SEVERITIES['info']}】{self.place(system)}{counts}，{do}", "\n".join(lines)

    def _waiting(self, system: str, verdict: Verdict, snapshot: Snapshot) -> str:
        """What is overdue and what is due today of one indicator, by name as far as there is room."""
        now, key = snapshot.as_of, (verdict.project, verdict.indicator, system)
        mine = [one for one in snapshot.open if (one.project, one.indicator, one.system) == key and one.due is not None]
        late = [f"{one.id} {countdown(one.due, now, one.left_us)}" for one in mine if one.stage is Stage.OVERDUE]
        today = [
            f"{one.id} {self._time(one.due or now, now)}到期"
            for one in mine
            if one.stage is not Stage.OVERDUE and self._days.day_of(one.due or now) == self._days.day_of(now)
        ]
        overdue = verdict.stages.get(Stage.OVERDUE, 0)
        said = _counts(overdue, verdict.due_today, _listed(late, overdue), _listed(today, verdict.due_today))
        return f"{verdict.name}：{'；'.join(said)}"

    def _do(self, one: OpenRecord) -> str:
        """`在故障台受理`."""
        where = self._sources.get(one.source, one.source)
        return f"在{where}{words.to_do(self._moments(one.project, one.indicator)[1])}"

    def _noun(self, project: str, indicator: str) -> str:
        known = self._indicators.get((project, indicator))
        return words.record(known.measure.of if known else "")

    def _done(self, project: str, indicator: str) -> str:
        return words.done(self._moments(project, indicator)[1])

    def _moments(self, project: str, id: str) -> tuple[str, str]:
        """The names of the times between which a record of the indicator is measured."""
        indicator = self._indicators.get((project, id))
        match None if indicator is None else indicator.measure:
            case Timed() as measure:
                return measure.start_name, measure.to
            case Share() as measure:
                return measure.cohort or "", next(iter(measure.good_when or {}), "")
        return "", ""

    def _time(self, instant: Instant, now: Instant) -> str:
        if self._days.day_of(instant) == self._days.day_of(now):
            return f"{utc_of(instant).astimezone(self._zone):%H:%M:%S}"
        return moment(instant, self._zone)


def _counts(late: int, today: int, which_late: str = "", which_today: str = "") -> list[str]:
    """`已超时15件`, `今日到期3件`: those there are, and which."""
    said = ((late, f"已超时{late}件{which_late}"), (today, f"今日到期{today}件{which_today}"))
    return [text for number, text in said if number]


def _listed(records: Sequence[str], number: int) -> str:
    """The first few of so many records in brackets, and how many more there are."""
    named = records[:LISTED]
    more = [f"另有{number - len(named)}件"] if number > len(named) else []
    return f"({'、'.join([*named, *more])})" if named else ""
