"""Drawings as SVG: the year of one indicator, and the charts of a report. Pure."""

from __future__ import annotations

from agent.plots.charts import Bars, Chart, Line, Mark, Points, svg
from agent.plots.year import Ahead, Stretch, YearPlot

__all__ = ["Ahead", "Bars", "Chart", "Line", "Mark", "Points", "Stretch", "YearPlot", "svg"]
