// The model: trained, asked of the pool, measured.
import { get, post, element, say, alarm, calm } from "./api.js";
import { table } from "./table.js";

const place = (id) => document.getElementById(id);
const buttons = ["train", "predict", "draw", "measure"].map(place);
const percent = (figure) => figure && figure.value !== null && figure.estimate !== null
  ? `${Math.round(100 * (figure.value ?? figure.estimate))} %` : "–";
const day = (at) => new Date(at).toLocaleString();
const goesOn = (job) => ["waiting", "running"].includes(job.state);
let told = null; // what /api/model said last

function sentences(list) {
  return element("ul", { class: "hint" }, ...list.map((sentence) => element("li", { dir: "auto" }, sentence)));
}

function figures(caption, rows, counts) {
  const heads = [{ name: "class" }, ...counts.map(([name]) => ({ name, number: true })),
    { name: "precision", number: true }, { name: "recall", number: true }, { name: "F1", number: true }, { name: "in words" }];
  const cells = rows.map((row) => [row.class, ...counts.map(([, of]) => of(row)),
    percent(row.precision), percent(row.recall), percent(row.f1), row.sentence]);
  return element("div", { class: "scroll" }, table(caption, heads, cells, { wide: true }));
}

function showModel({ model, labelled, predictions, problem }) {
  place("n-labelled").textContent = labelled.toLocaleString();
  place("problem").hidden = !problem;
  place("problem").textContent = problem;
  place("of-model").hidden = !model;
  place("model-facts").replaceChildren(...(model ? [
    element("p", {}, `Trained ${day(model.created)} on ${model.documents.toLocaleString()} documents. `,
      labelled > model.documents ? element("strong", {}, `${(labelled - model.documents).toLocaleString()} more are labelled since.`) : ""),
    sentences(model.sentences),
    figures(`Cross-validated in ${model.folds} parts of the labelled documents`, model.classes,
      [["positives", (row) => row.positives], ["negatives", (row) => row.negatives]]),
  ] : [element("p", { class: "hint" }, "There is no model yet. Any time is a good time for a first one: it takes seconds.")]));
  place("predictions").hidden = !predictions;
  const heads = [{ name: "class" }, { name: "documents", number: true }];
  place("predicted").replaceChildren(...(predictions ? [
    table(`What the model says of ${predictions.documents.toLocaleString()} documents`, heads,
      Object.entries(predictions.decided).map(([name, n]) => [name, n.toLocaleString()])),
    predictions.unfamiliar ? element("p", { class: "hint" },
      `${predictions.unfamiliar.toLocaleString()} resemble nothing that was labelled: what the model says of them is a guess.`) : "",
  ] : []));
}

function showEvaluation({ model, sample, evaluation }) {
  const drawn = sample ? `The sample has ${sample.size} documents, ${sample.answered} of them are answered.` : "";
  place("sample-state").textContent = model ? drawn || "No sample was drawn for this model." : "Train a model first.";
  place("sampled").hidden = !sample;
  place("measure").textContent = sample && sample.answered < sample.size
    ? `Measure by the ${sample.answered} answered ones` : "Measure the model";
  place("measured").replaceChildren(...(evaluation ? [
    sentences(evaluation.sentences),
    figures("Of the documents that nobody had labelled", evaluation.classes, [["in the sample", (row) => row.positives]]),
  ] : []));
}

function showJobs(jobs) {
  const job = jobs.find(goesOn);
  place("job").hidden = !job;
  const last = jobs.toSorted((a, b) => a.began.localeCompare(b.began)).at(-1);
  place("job-error").hidden = last?.state !== "failed";
  place("job-error").textContent = last?.error ?? "";
  for (const button of buttons) button.disabled = Boolean(job);
  if (told && !job) {
    place("train").disabled = !told.labelled;
    place("draw").disabled = !told.model;
    place("measure").disabled = !told.sample?.answered;
  }
  if (!job) {
    place("job-stop").disabled = false;
    place("job-stop").textContent = "Stop";
    return;
  }
  place("job-title").textContent = job.title;
  place("job-stage").textContent = job.state === "waiting" ? "waits for what is being computed" : job.stage;
  const bar = place("job-bar");
  if (job.total) {
    bar.max = job.total;
    bar.value = job.done;
    bar.textContent = `${job.done} of ${job.total}`;
  } else bar.removeAttribute("value");
}

async function refresh() {
  try {
    told = await get("/api/model");
    showModel(told);
    showEvaluation(told);
    showJobs(told.jobs);
    if (told.jobs.some(goesOn)) await follow();
  } catch (refused) {
    alarm(refused.message);
  }
}

/** Show how far a job is until it ends, then what came of it. */
async function follow() {
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, 400); });
    try {
      const { jobs } = await get("/api/jobs");
      calm();
      if (jobs.some(goesOn)) {
        showJobs(jobs);
        continue;
      }
      const last = jobs.toSorted((a, b) => a.ended.localeCompare(b.ended)).at(-1);
      say(`${last.title}: ${last.state}`);
      return refresh();
    } catch (refused) {
      if (refused.status !== 0) throw refused;
      alarm(refused.message);
    }
  }
}

async function begin(path, body) {
  calm();
  place("job-error").hidden = true;
  try {
    const { job } = await post(path, body);
    showJobs([job]);
    say(`${job.title} has begun`);
    await follow();
  } catch (refused) {
    place("job-error").hidden = false;
    place("job-error").textContent = refused.message;
  }
}

place("train").addEventListener("click", () => begin("/api/model/train", { kind: place("kind")?.value ?? "probe" }));
place("predict").addEventListener("click", () => begin("/api/model/predict"));
place("measure").addEventListener("click", () => begin("/api/model/measure", { allow_missing: told.sample.answered < told.sample.size }));
place("drawing").addEventListener("submit", (event) => {
  event.preventDefault();
  begin("/api/model/sample", { size: place("size").valueAsNumber });
});
place("job-stop").addEventListener("click", async () => {
  try {
    await post("/api/jobs/stop");
    place("job-stop").disabled = true;
    place("job-stop").textContent = "Stops at its next step …";
  } catch (refused) {
    alarm(refused.message);
  }
});
refresh();
