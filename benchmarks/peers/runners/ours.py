"""This project, through its command line."""

import json
import subprocess
import sys
import time

from job import TARGET, class_names, given


def main() -> None:
    """Run `fit` and `predict` as a user would."""
    job = given()
    model = job.output.with_suffix(".automl")
    command = [sys.executable, "-m", "automl_meta"]
    fit = [*command, "fit", str(job.train), "--target", TARGET, "--task", job.task, "-o", str(model), "--quiet"]
    fit += ["--time-budget", f"{job.budget:g}", "--jobs", str(job.cores), "--seed", str(job.seed), *job.option]
    started = time.time()
    subprocess.run(fit, check=True)
    fitted = time.time()
    raw = job.output.with_suffix(".raw.csv")
    predict = [*command, "predict", str(model), str(job.test), "-o", str(raw)]
    subprocess.run([*predict, "--proba"] if job.classes else predict, check=True)
    predicted = time.time()
    import pandas as pd  # not before: the memory of this process is counted with that of what it runs

    table = pd.read_csv(raw)
    wanted = [f"{TARGET}={name}" for name in class_names(job)] if job.classes else [TARGET]
    table[wanted].to_csv(job.output, index=False)
    seconds = {"fit": round(fitted - started, 2), "predict": round(predicted - fitted, 2)}
    job.output.with_suffix(".json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
