// The same sample in every picture of a page, by one rule of style. What is pointed at is lit; a click or key keeps it.

// One pair of a sheet.
function match(picture, equal) {
  var box = element("span", { class: "match" });
  box.append(element("img", {
    loading: "lazy", src: picture.src.replace(/strip(?=\.png$)/, "pairs"), class: picture.className,
    alt: "sample and nearest training image",
  }));
  if (equal) box.append(element("b", { class: "tag warn", "data-equal": equal }, "equal"));
  return box;
}

function enlarge(sheet) {
  var parent = sheet.parentNode;
  if (!parent.querySelector(".match")) parent.prepend(match(sheet.firstChild, parent.dataset.pairs));
}

// The pairs of a board, as its table is sorted and filtered.
function seedPanel(list) {
  var body = document.querySelector("#board tbody"), rows = Array.from(body.rows), equal = JSON.parse(list.dataset.panel);
  var items = rows.map(row => {
    var item = element("li"), rank = shown(row.cells[0]);
    item.append(element("span", { class: "sub" }, rank && "rank " + rank));
    item.append.apply(item, Array.from(row.cells[1].cloneNode(true).childNodes));
    item.querySelectorAll("img").forEach(strip => {
      strip.replaceWith(match(strip, equal[item.querySelector("a").textContent]));
    });
    return item;
  });
  function arrange() {
    Array.from(body.rows).forEach(row => {
      var item = items[rows.indexOf(row)];
      item.hidden = row.hidden;
      list.append(item);
    });
  }
  new MutationObserver(arrange).observe(body, { childList: true, subtree: true, attributeFilter: ["hidden"] });
  arrange();
  list.hidden = false;
}

function oneSeed(main) {
  var bars = main.querySelectorAll(".steps"), style = document.head.appendChild(element("style")), samples = 0, kept, lit;

  function light(i) {
    i = Math.max(0, Math.min(samples - 1, i));
    if (i === lit) return i;
    style.textContent = ".sheet,.match,.board img{--c:" + i % 8 + ";--r:" + (i >> 3) + ";--half:" + (i & 32) / 8 + "}";
    bars.forEach(bar => {
      bar.querySelector("input").value = i + 1;
      bar.lastChild.textContent = bar.dataset.said.replace("#", i + 1).replace("@", i);
    });
    main.querySelectorAll("[data-equal]").forEach(tag => { tag.hidden = tag.dataset.equal[i] !== "1"; });
    return lit = i;
  }

  function keep(i) {
    kept = light(i);
    held.seed = kept + 1;
    writeState(readState());
  }

  function load() {
    var asked = readState().seed | 0;
    held.seed = asked > 0 && asked <= samples ? asked : "";
    kept = light((held.seed || 1) - 1);
  }

  function at(event) { // the sample that is pointed at, or -1
    var picture = event.target, sheet = picture.matches(".sheet *");
    if (!sheet && !picture.matches(".board img")) return -1;
    return 8 * (sheet && event.offsetY / picture.offsetHeight * 8 | 0) + (event.offsetX / picture.offsetWidth * 8 | 0);
  }

  bars.forEach(bar => {
    samples = Math.max(samples, bar.querySelector("input").max);
    on(bar, "input", event => { keep(event.target.value - 1); });
    bar.hidden = false;
  });
  if (!samples) return;
  on(document, "pointermove", event => {
    var i = event.pointerType === "mouse" ? at(event) : -1;
    light(i < 0 ? kept : i);
  });
  on(main, "click", event => {
    var i = at(event), by = event.target.dataset.step;
    if (by) keep(kept + Number(by));
    if (i < 0) return;
    keep(i);
    (event.target.closest("figure") || main).querySelector(".steps input").focus({ preventScroll: true });
  });
  on(main, "keydown", event => {
    var by = { ArrowUp: -8, ArrowDown: 8 }[event.key];
    if (!by || !event.target.closest("figure .steps")) return;
    event.preventDefault();
    keep(kept + by);
  });
  on(window, "hashchange", load);
  load();
}

parts.push([".sheet", enlarge], ["[data-panel]", seedPanel], ["main", oneSeed]);
