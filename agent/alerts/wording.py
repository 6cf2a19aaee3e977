"""What alerts say, in Chinese: made of the kind of record, the times of its measure and the names in the files."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from agent import words
from agent.config import Config, Indicator
from agent.measures import Share
from agent.measures.measure import Timed
from agent.model import Instant, OpenRecord, Snapshot, Stage, Verdict, utc_of
from agent.shown import countdown, moment, shown_target
from agent.worktime import LocalDays

LISTED = 5  # records a digest names of one indicator


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
        where = self._sources.get(one.source, one.source)
        return (
            f"【紧急】{self.subject(one)}{since}，{clock}{late}未{words.done(end)}，请立即在{where}{words.to_do(end)}"
        )

    def subject(self, one: OpenRecord) -> str:
        """The record without how it stands."""
        indicator = self._indicators.get((one.project, one.indicator))
        return f"{self.place(one.system)}{words.record(indicator.measure.of if indicator else '')}{one.id}"

    def promise(self, one: OpenRecord, now: Instant) -> str:
        """By when it was promised, and what that counts toward."""
        indicator = self._indicators.get((one.project, one.indicator))
        name = one.indicator if indicator is None else indicator.name
        target = "" if indicator is None or not indicator.targets else shown_target(indicator.targets[-1][1])
        due = "" if one.due is None else f"应在 {self._time(one.due, now)} 前{self._done(one.project, one.indicator)}，"
        return f"{due}计入{name}{f'({target})' if target else ''}"

    def ended(self, subject: str, project: str, indicator: str) -> str:
        """That a record is no longer open."""
        return f"【{words.ENDED}】{subject} 已{self._done(project, indicator)}，或不再计入"

    def paused(self, subject: str, one: OpenRecord) -> str:
        """That its clock stands still."""
        return f"【{words.ENDED}】{subject} 计时已暂停，尚未{self._done(one.project, one.indicator)}"

    def postponed(self, subject: str, one: OpenRecord) -> str:
        """That it has more time than before."""
        return f"【{words.ENDED}】{subject} 时限已延后，尚未{self._done(one.project, one.indicator)}"

    def old(self, subject: str, one: OpenRecord) -> str:
        """That it has been overdue for so long that only the digest tells of it."""
        done = self._done(one.project, one.indicator)
        return f"【{words.LET_GO}】{subject} 超时已满一天仍未{done}，今后只列入工作日早上的汇总"

    def crowded(self, subject: str, one: OpenRecord) -> str:
        """That it is open still, and not among those told one by one."""
        done = self._done(one.project, one.indicator)
        return f"【{words.LET_GO}】{subject} 尚未{done}，因未结的过多不再逐件提醒，请在监测页面查看"

    def unseen(self, subject: str, project: str, indicator: str) -> str:
        """That nobody can say here whether it is open still."""
        done = self._done(project, indicator)
        return f"【{words.LET_GO}】{subject} 因未结的过多不再逐件提醒，是否已{done}请在监测页面查看"

    def over(self, subject: str) -> str:
        """That what is no single record is over."""
        return f"【{words.ENDED}】{subject}"

    def place(self, system: str | None) -> str:
        """A system's name with a space, nothing where there is none."""
        return f"{self._systems.get(system, system)} " if system else ""

    def warned(self, one: OpenRecord, due: Instant) -> Instant:
        """When the record began to be due soon."""
        indicator = self._indicators.get((one.project, one.indicator))
        return due - (indicator.warn_before_us if indicator else 0)

    def pile(self, one: OpenRecord, verdict: Verdict | None, alone: int) -> str:
        """How many there are where so many came at once that not each rings."""
        stages = verdict.stages if verdict is not None else {}
        indicator = self._indicators.get((one.project, one.indicator))
        noun, end = words.record(indicator.measure.of if indicator else ""), self._done(one.project, one.indicator)
        counts = f"已超时{stages.get(Stage.OVERDUE, 0)}件、即将超时{stages.get(Stage.DUE_SOON, 0)}件"
        return f"【紧急】{self.place(one.system)}{noun}集中未{end}：{counts}，已逐件提醒{alone}件，其余请在监测页面查看"

    def digest(self, system: str, verdicts: Sequence[Verdict], snapshot: Snapshot) -> tuple[str, str]:
        """What one system has to do today, in one line, and by indicator with the nearest records."""
        today = sum(verdict.due_today for verdict in verdicts)
        late = sum(verdict.stages.get(Stage.OVERDUE, 0) for verdict in verdicts)
        lines = []
        for verdict in verdicts:
            near = [
                one.id
                for one in snapshot.open
                if (one.project, one.indicator, one.system) == (verdict.project, verdict.indicator, system)
                and one.due is not None
                and self._days.day_of(one.due) <= self._days.day_of(snapshot.as_of)
            ]
            number = verdict.due_today + verdict.stages.get(Stage.OVERDUE, 0)
            named = near[-LISTED:]
            more = "等" if number > len(named) else ""
            listed = f"({'、'.join(named)}{more})" if named else ""
            counts = f"今日到期{verdict.due_today}件，已超时{verdict.stages.get(Stage.OVERDUE, 0)}件"
            lines.append(f"{verdict.name}：{counts}{listed}")
        do = "请先办已超时的，其余今天办结" if late and today else "请尽快办理" if late else "请今天办结"
        return f"【提示】{self.place(system)}今日到期{today}件，已超时{late}件，{do}", "\n".join(lines)

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
