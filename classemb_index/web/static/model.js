// The model: trained, asked of the pool, measured.
import { alarm, at, calm, element, get, number, pause, post, say, tell } from "./api.js";
import { table } from "./table.js";

const buttons = ["train", "predict", "draw", "measure"].map(at);
const percent = (figure) => figure && figure.value !== null && figure.estimate !== null
  ? `${Math.round(100 * (figure.value ?? figure.estimate))} %` : "–";
const day = (when) => new Date(when).toLocaleString();
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
  at("n-labelled").textContent = number(labelled);
  tell(at("problem"), problem);
  at("of-model").hidden = !model;
  at("model-facts").replaceChildren(...(model ? [
    element("p", {}, `Trained ${day(model.created)} on ${number(model.documents)} documents. `,
      labelled > model.documents ? element("strong", {}, `${number(labelled - model.documents)} more are labelled since.`) : ""),
    sentences(model.sentences),
    figures(`Cross-validated in ${model.folds} parts of the labelled documents`, model.classes,
      [["positives", (row) => row.positives], ["negatives", (row) => row.negatives]]),
  ] : [element("p", { class: "hint" }, "There is no model yet. Any time is a good time for a first one: it takes seconds.")]));
  at("predictions").hidden = !predictions;
  const heads = [{ name: "class" }, { name: "documents", number: true }];
  at("predicted").replaceChildren(...(predictions ? [
    table(`What the model says of ${number(predictions.documents)} documents`, heads,
      Object.entries(predictions.decided).map(([name, n]) => [name, number(n)])),
    predictions.unfamiliar ? element("p", { class: "hint" },
      `${number(predictions.unfamiliar)} resemble nothing that was labelled: what the model says of them is a guess.`) : "",
  ] : []));
}

function showEvaluation({ model, sample, evaluation }) {
  const drawn = sample ? `The sample has ${sample.size} documents, ${sample.answered} of them are answered.` : "";
  at("sample-state").textContent = model ? drawn || "No sample was drawn for this model." : "Train a model first.";
  at("sampled").hidden = !sample;
  at("measure").textContent = sample && sample.answered < sample.size
    ? `Measure by the ${sample.answered} answered ones` : "Measure the model";
  at("measured").replaceChildren(...(evaluation ? [
    sentences(evaluation.sentences),
    figures("Of the documents that nobody had labelled", evaluation.classes, [["in the sample", (row) => row.positives]]),
  ] : []));
}

function showJobs(jobs) {
  const job = jobs.find(goesOn);
  at("job").hidden = !job;
  const last = jobs.toSorted((a, b) => a.began.localeCompare(b.began)).at(-1);
  tell(at("job-error"), last?.error ?? "");
  for (const button of buttons) button.disabled = Boolean(job);
  if (told && !job) {
    at("train").disabled = !told.labelled;
    at("draw").disabled = !told.model;
    at("measure").disabled = !told.sample?.answered;
  }
  if (!job) {
    at("job-stop").disabled = false;
    at("job-stop").textContent = "Stop";
    return;
  }
  at("job-title").textContent = job.title;
  at("job-stage").textContent = job.state === "waiting" ? "waits for what is being computed" : job.stage;
  const bar = at("job-bar");
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
    await pause(400);
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
  tell(at("job-error"), "");
  try {
    const { job } = await post(path, body);
    showJobs([job]);
    say(`${job.title} has begun`);
    await follow();
  } catch (refused) {
    tell(at("job-error"), refused.message);
  }
}

at("train").addEventListener("click", () => begin("/api/model/train", { kind: at("kind")?.value ?? "probe" }));
at("predict").addEventListener("click", () => begin("/api/model/predict"));
at("measure").addEventListener("click", () => begin("/api/model/measure", { allow_missing: told.sample.answered < told.sample.size }));
at("drawing").addEventListener("submit", (event) => {
  event.preventDefault();
  begin("/api/model/sample", { size: at("size").valueAsNumber });
});
at("job-stop").addEventListener("click", async () => {
  try {
    await post("/api/jobs/stop");
    at("job-stop").disabled = true;
    at("job-stop").textContent = "Stops at its next step …";
  } catch (refused) {
    alarm(refused.message);
  }
});
refresh();
