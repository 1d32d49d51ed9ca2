"use strict";
(function () {
// A classic script in one function, from file:// too. It asks nothing of the network and makes no markup out of text.
const S = JSON.parse(document.getElementById("study").textContent);
const PAIRS = S.protocol === "pairs", STAIRS = S.staircase, PLACE = `genboard:${S.study}`;
const FIXATION = 500, MASK = 300, FRAMES = 240;
const WON = {left: 1, right: 0, tie: 0.5};
const at = id => document.getElementById(id);

// ---- The same numbers as benchmarks/human/randomness.py.
const K = [], H = [];
for (let n = 2; K.length < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
  if (!prime) continue;
  const part = root => (root - Math.floor(root)) * 4294967296 | 0;
  if (H.length < 8) H.push(part(Math.sqrt(n)));
  K.push(part(Math.cbrt(n)));
}
function sha256(text) {
  const bytes = Array.from(new TextEncoder().encode(text)), length = bytes.length * 8;
  bytes.push(128);
  while (bytes.length % 64 !== 56) bytes.push(0);
  for (let shift = 56; shift >= 0; shift -= 8) bytes.push(shift > 31 ? 0 : (length >>> shift) & 255);
  const h = H.slice(), turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let start = 0; start < bytes.length; start += 64) {
    const w = [];
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        const b = start + 4 * i;
        w.push((bytes[b] << 24) | (bytes[b + 1] << 16) | (bytes[b + 2] << 8) | bytes[b + 3]);
      } else {
        const x = w[i - 15], y = w[i - 2];
        w.push((w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] +
          (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10))) | 0);
      }
    }
    const v = h.slice();
    for (let i = 0; i < 64; i++) {
      const s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25), ch = (v[4] & v[5]) ^ (~v[4] & v[6]);
      const one = (v[7] + s1 + ch + K[i] + w[i]) | 0;
      const s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
      const two = (s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]))) | 0;
      v.pop();
      v.unshift((one + two) | 0);
      v[4] = (v[4] + one) | 0;
    }
    for (let i = 0; i < 8; i++) h[i] = (h[i] + v[i]) | 0;
  }
  return h.map(x => (x >>> 0).toString(16).padStart(8, "0")).join("");
}
function stream(...words) {
  let a = parseInt(sha256(words.join("|")).slice(0, 8), 16);
  const number = () => {
    a = (a + 0x6D2B79F5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = n => Math.floor(number() * n);
  const shuffled = items => {
    const found = items.slice();
    for (let i = found.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [found[i], found[j]] = [found[j], found[i]];
    }
    return found;
  };
  return {number, below, shuffled};
}

// ---- The same pairs as benchmarks/human/choice.py.
function strengths(wins) {
  const n = wins.length, values = Array(n).fill(0), precisions = Array(n).fill(S.choice.prior);
  for (let sweep = 0; sweep < S.choice.sweeps; sweep++) {
    for (let i = 0; i < n; i++) {
      let slope = -S.choice.prior * values[i], bend = S.choice.prior;
      for (let j = 0; j < n; j++) {
        const votes = wins[i][j] + wins[j][i];
        if (j !== i && votes) {
          const p = 1 / (1 + Math.exp(values[j] - values[i]));
          slope += wins[i][j] - votes * p;
          bend += votes * p * (1 - p);
        }
      }
      values[i] += slope / bend;
      precisions[i] = bend;
    }
  }
  return [values, precisions];
}
function nextPair(wins, random) {
  let pairs = [];
  for (let i = 0; i < wins.length; i++) for (let j = i + 1; j < wins.length; j++) pairs.push([i, j]);
  const explore = random.number() < S.choice.explored, place = random.number(), turned = random.number() < 0.5;
  if (!explore) {
    const [values, precisions] = strengths(wins);
    const doubts = pairs.map(([i, j]) => {
      const error = Math.sqrt(1 / precisions[i] + 1 / precisions[j]);
      return error / (1 + Math.exp(1.702 * Math.abs(values[i] - values[j]) / error));
    });
    const most = Math.max(...doubts);
    pairs = pairs.filter((pair, k) => doubts[k] >= most - 1e-9);
  }
  const [a, b] = pairs[Math.floor(place * pairs.length)];
  return turned ? [b, a] : [a, b];
}

// ---- The same questions as benchmarks/human/session.py.
const SCORED = PAIRS ? S.trials : S.sets.reduce((sum, images) => sum + images.length, 0);
function checkPlaces(rater) {
  const random = stream(S.study, rater, "checks"), found = new Map();
  for (let start = 0; start < SCORED; start += S.every) {
    const place = Math.min(start + random.below(S.every), SCORED - 1);
    found.set(place, random.number() < 0.5 ? "left" : "right");
  }
  return found;
}
function* singleImages(rater) {
  const order = stream(S.study, rater, "blocks").shuffled(S.sets.map((_, block) => block));
  for (const block of order) {
    let exposure = STAIRS ? STAIRS.start : null;
    for (const image of stream(S.study, rater, "images", String(block)).shuffled(S.sets[block])) {
      const answer = yield {check: null, images: [image], asked: exposure};
      if (STAIRS) {
        const right = sha256(`${S.study}|${image}|${answer}`).slice(0, 16) === S.marks[image];
        exposure = right ? Math.max(STAIRS.low, exposure - STAIRS.down) : Math.min(STAIRS.high, exposure + STAIRS.up);
      }
    }
  }
}
function* pairsOf(rater) {
  const places = stream(S.study, rater, "places").shuffled(S.sets[0].map((_, place) => place));
  const random = stream(S.study, rater, "pairs"), wins = S.sets.map(() => Array(S.sets.length).fill(0));
  for (let number = 0; number < S.trials; number++) {
    const [a, b] = nextPair(wins, random), place = places[number % places.length];
    const answer = yield {check: null, images: [S.sets[a][place], S.sets[b][place]], asked: null};
    wins[a][b] += WON[answer];
    wins[b][a] += 1 - WON[answer];
  }
}
function* questions(rater) {
  const checks = checkPlaces(rater), asking = PAIRS ? pairsOf(rater) : singleImages(rater);
  let question = asking.next().value;
  for (let number = 0; number < SCORED; number++) {
    if (checks.has(number)) yield {check: checks.get(number), images: [], asked: STAIRS ? S.long : null};
    const answer = yield question;
    question = asking.next(answer).value;
  }
}

// ---- What is stored, in this browser alone.
let state = null;
function remember() {
  try { localStorage.setItem(PLACE, JSON.stringify(state)); } catch { at("nomemory").hidden = false; }
}
function recall() {
  try { return JSON.parse(localStorage.getItem(PLACE)); } catch { return null; }
}
function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const rater = Array.from(bytes, b => b.toString(16).padStart(2, "0")).join("");
  const side = Math.min(screen.width, screen.height);
  return {rater, screen: side < 600 ? "phone" : side < 900 ? "tablet" : "desk", practised: false, frames: [], answers: []};
}
const tenth = x => Math.round(x * 10) / 10;
const frameTime = () => {
  const sorted = state.frames.slice().sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : 0;
};
function file() {
  const fixed = x => x === null ? "" : x.toFixed(1);
  const lines = state.answers.map(a =>
    [a.check || "", a.images.join("+"), a.answer, fixed(a.asked), fixed(a.shown), fixed(a.time)].join(","));
  const head = [S.schema, S.study, S.protocol, S.version, state.rater, state.screen, fixed(frameTime())];
  return {schema: S.schema, study: S.study, protocol: S.protocol, version: S.version, rater: state.rater,
    screen: state.screen, frame: frameTime(), answers: state.answers, digest: sha256([...head, ...lines].join("\n"))};
}

// ---- One question on the screen.
const stage = at("stage"), canvases = [0, 1].slice(0, PAIRS ? 2 : 1).map(k => {
  const canvas = document.createElement("canvas");
  [canvas.height, canvas.width] = S.shape;
  canvas.className = Math.max(...S.shape) < 128 ? "pixels" : "";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", PAIRS ? ["left image", "right image"][k] : "image");
  return canvas;
});
stage.append(...canvases);
stage.classList.toggle("two", PAIRS);
stage.style.setProperty("--shape", `${S.shape[1]} / ${S.shape[0]}`);
const wait = ms => new Promise(done => setTimeout(done, ms));
const frame = () => new Promise(done => requestAnimationFrame(done));
async function decoded(data) {
  const image = new Image();
  image.src = `data:image/png;base64,${data}`;
  await image.decode();
  return image;
}
function clear() {
  canvases.forEach(canvas => {
    [canvas.height, canvas.width] = S.shape;
    canvas.classList.toggle("pixels", Math.max(...S.shape) < 128);
  });
}
function sketch(canvas, lines) {
  [canvas.height, canvas.width] = [240, 240];
  canvas.classList.remove("pixels");
  const pen = canvas.getContext("2d");
  pen.lineWidth = 14;
  pen.lineCap = "round";
  pen.strokeStyle = "#fff";
  pen.beginPath();
  lines.forEach(([x, y, move]) => move ? pen.moveTo(x, y) : pen.lineTo(x, y));
  pen.stroke();
}
const CROSS = [[120, 100, 1], [120, 140], [100, 120, 1], [140, 120]];
const ARROW = {
  left: [[200, 120, 1], [40, 120], [100, 60, 1], [40, 120], [100, 180]],
  right: [[40, 120, 1], [200, 120], [140, 60, 1], [200, 120], [140, 180]],
};
const TICK = [[60, 130, 1], [105, 175], [185, 75]];
function mask() {
  const side = Math.min(32, ...S.shape);
  const canvas = canvases[0], pen = canvas.getContext("2d");
  [canvas.height, canvas.width] = [side, side];
  canvas.classList.add("pixels");
  const noise = pen.createImageData(side, side);
  for (let i = 0; i < noise.data.length; i += 4) {
    const grey = Math.random() * 256;
    for (let c = 0; c < 3; c++) noise.data[i + c] = S.colours ? Math.random() * 256 : grey;
    noise.data[i + 3] = 255;
  }
  pen.putImageData(noise, 0, 0);
}
function paint(images, check) {
  if (check && PAIRS) sketch(canvases[check === "left" ? 0 : 1], TICK);
  else if (check) sketch(canvases[0], ARROW[check]);
  images.forEach((image, k) => canvases[k].getContext("2d").drawImage(image, 0, 0));
}
// Shown from the frame that paints it to the frame that covers it; null if the page was hidden meanwhile.
async function expose(images, check, ms) {
  let hidden = document.hidden;
  const note = () => { hidden = true; };
  document.addEventListener("visibilitychange", note);
  const start = await frame();
  clear();
  paint(images, check);
  let now = start;
  for (;;) {
    const next = await frame(), step = next - now;
    now = next;
    if (state.frames.length < FRAMES) state.frames.push(tenth(step));
    if (now - start + frameTime() / 2 >= ms || hidden) break;
  }
  mask();
  document.removeEventListener("visibilitychange", note);
  return hidden ? null : {start, shown: now - start};
}
const KEYS = PAIRS ? {ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie"} : {ArrowLeft: "left", ArrowRight: "right"};
let taking = null;
function take(value, time) {
  if (!taking || time < taking.since) return;
  const done = taking.done;
  taking = null;
  buttons(false);
  done([value, time]);
}
document.addEventListener("keydown", event => {
  if (event.repeat || at("memory").open || event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS)) return;
  if (at("task").hidden) return;
  event.preventDefault();
  take(KEYS[event.key], event.timeStamp);
});
document.querySelectorAll("[data-answer]").forEach(button =>
  button.addEventListener("click", event => take(button.dataset.answer, event.timeStamp)));
const buttons = usable => document.querySelectorAll("[data-answer]").forEach(button => { button.disabled = !usable; });
const chosen = since => new Promise(done => { taking = {since, done}; });

// The answer to one question, with its times; a question whose exposure was cut short is shown again.
async function put(question, pictures) {
  const images = await Promise.all(pictures.map(decoded));
  for (;;) {
    let start, shown = null, covered = null;
    at("prompt").textContent = question.asked === null ? "" : "Look at the cross.";
    if (question.asked !== null) {
      clear();
      sketch(canvases[0], CROSS);
      await wait(FIXATION);
      const seen = await expose(images, question.check, question.asked);
      if (seen === null) {
        clear();
        at("prompt").textContent = "The page was in the background. Press a key or an answer to go on.";
        buttons(true);
        await chosen(0);
        continue;
      }
      ({start, shown} = seen);
      covered = wait(MASK).then(clear);
    } else {
      start = await frame();
      clear();
      paint(images, question.check);
    }
    at("prompt").textContent = question.check ? S.words.check : S.words.prompt;
    buttons(true);
    const [answer, time] = await chosen(start + Math.max(S.fewest, shown || 0));
    await covered;
    return {answer, shown: shown === null ? null : tenth(shown), time: tenth(time - start)};
  }
}
const NAMED = {left: "real", right: "generated"};
const progress = (text, share) => { at("progress").textContent = text; at("bar").value = share; };

async function practise() {
  const size = PAIRS ? 2 : 1, rounds = S.practice.length / size;
  for (let round = 0; round < rounds; round++) {
    progress(`Practice ${round + 1} of ${rounds}: it does not count`, 0);
    const mine = S.practice.slice(size * round, size * (round + 1));
    const found = await put({check: null, images: [], asked: STAIRS ? STAIRS.start : null}, mine.map(one => one[0]));
    if (!PAIRS) {
      const truth = mine[0][1];
      at("prompt").textContent = `${NAMED[found.answer] === truth ? "Right" : "Wrong"}: it was ${truth}.`;
      await wait(S.feedback);
    }
  }
  state.practised = true;
  remember();
}
async function run() {
  buttons(false);
  at("intro").hidden = true;
  at("task").hidden = false;
  if (!state.practised) await practise();
  const asking = questions(state.rater), total = SCORED + checkPlaces(state.rater).size;
  let next = asking.next();
  for (const given of state.answers) next = asking.next(given.answer);
  while (!next.done) {
    const question = next.value, count = state.answers.length;
    progress(`${count + 1} of ${total}`, count / total);
    const found = await put(question, question.images.map(id => S.images[id]));
    if (question.check === null && !PAIRS) found.answer = NAMED[found.answer];
    state.answers.push({check: question.check, images: question.images, answer: found.answer,
      asked: question.asked, shown: found.shown, time: found.time});
    remember();
    next = asking.next(found.answer);
  }
  at("task").hidden = true;
  at("end").hidden = false;
  at("save").focus();
}
at("start").addEventListener("click", () => { remember(); run(); });
at("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file(), null, 1)], {type: "application/json"}));
  link.download = `genboard-${S.protocol}-${S.study}-${state.rater.slice(0, 8)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});
document.querySelectorAll(".stored").forEach(button => button.addEventListener("click", () => {
  at("contents").textContent = JSON.stringify(file(), null, 1);
  at("memory").showModal();
}));
at("close").addEventListener("click", () => at("memory").close());
at("forget").addEventListener("click", () => {
  try { localStorage.removeItem(PLACE); } catch { /* nothing was stored */ }
  location.reload();
});
const before = recall();
state = before || fresh();
if (before) at("start").textContent = "Go on";
})();
