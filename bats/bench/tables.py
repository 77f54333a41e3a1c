# SPDX-License-Identifier: Apache-2.0
"""Figures as cells and rows of a markdown table."""
import statistics


def milliseconds(seconds):
    if not seconds:
        return "-"
    tenth = statistics.quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 9
    return f"{statistics.median(seconds) * 1e3:.2f} ({tenth[0] * 1e3:.2f}-{tenth[8] * 1e3:.2f})"


def with_tail(seconds):
    """For latencies: who waits asks for the slow ones too."""
    hundredth = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"{milliseconds(seconds)}, 99 %: {hundredth[98] * 1e3:.2f}"


def ratio(mine, theirs):
    return f"{statistics.median(mine) / statistics.median(theirs):.2f}" if mine and theirs else "-"


def row(name, *cells):
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def head(*cells):
    row(*cells)
    print("|---" * len(cells) + "|", flush=True)


def ratios_head(what, names):
    head(what, *names, *(f"{names[0]} / {peer}" for peer in names[1:]))


def ratios_row(name, figures, text):
    """One figure per runtime, ocirun first; None: it cannot."""
    cells = ["-" if f is None else text.format(f) for f in figures]
    cells += [f"{figures[0] / f:.2f}" if f else "-" for f in figures[1:]]
    row(name, *cells)
