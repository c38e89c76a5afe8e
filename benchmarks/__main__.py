"""`make bench`: every benchmark, or those named (`make bench ARGS="api"`); tables, and one JSON line at the end.

Each runs in a process of its own, so that none inherits the memory or the event loop of another.
"""

import json
import subprocess
import sys

BENCHMARKS = ("ingest", "alerts", "api", "blast_waveform", "blast_precheck", "blast_alerts", "water_alerts", "events")


def run(name: str) -> tuple[int, dict[str, object]]:
    """Run one benchmark, pass its table on, and return its exit code and its figures (the last line it prints)."""
    process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True)
    last = ""
    if process.stdout is not None:
        for line in process.stdout:
            if last:
                print(last, flush=True)
            last = line.rstrip("\n")
    code = process.wait()
    try:
        return code, json.loads(last)
    except json.JSONDecodeError:
        print(last, flush=True)
        return code or 1, {}


def main() -> int:
    """Run what is asked for; the first exit code that is not 0."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(chosen) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    codes, figures = [], {}
    for name in chosen:
        print(f"== {name}", flush=True)
        code, figures[name] = run(name)
        codes.append(code)
    print(json.dumps(figures, ensure_ascii=False), flush=True)
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
