// Two to four generators side by side. Which pairs differ significantly was decided when the page was made: cells that
// share a group are not.
function compare(tools) {
  var table = document.getElementById(tools.dataset.compare), heads = Array.from(table.tHead.rows[0].cells);
  var names = heads.slice(1).map(head => head.dataset.name), hide = hider(table);
  var picks = tools.querySelector("[data-picks]"), output = tools.querySelector("output"), selects = [];

  function mark(row, kept) {
    var better = row.dataset.better, best = null;
    Array.from(row.cells).forEach(cell => {
      cell.classList.remove("best", "tied");
      cell.querySelectorAll(".mark").forEach(old => { old.remove(); });
    });
    if (!better) return;
    var cells = kept.map(i => row.cells[i]).filter(cell => {
      return "l" in cell.dataset && !isNaN(number(shown(cell)));
    });
    if (cells.length < 2) return;
    cells.forEach(cell => {
      var x = number(shown(cell));
      if (best === null || (better === "lower" ? x < number(shown(best)) : x > number(shown(best)))) best = cell;
    });
    cells.forEach(cell => {
      var together = cell.dataset.l.split(" ").some(one => {
        return one && best.dataset.l.split(" ").indexOf(one) >= 0;
      });
      if (cell !== best && !together) return;
      cell.classList.add(cell === best ? "best" : "tied");
      cell.append(element("span", { class: "vh mark" }, cell === best ? " best" : " tied"));
    });
  }

  function update() {
    var kept = selects.map(select => names.indexOf(select.value) + 1).filter(i => i > 0);
    kept = kept.filter((i, k) => kept.indexOf(i) === k);
    hide(heads.map((_, i) => i).filter(i => i && kept.indexOf(i) < 0));
    Array.from(table.tBodies[0].rows).forEach(row => { mark(row, kept); });
    output.textContent = kept.length < 2 ? "Choose two or more" : kept.length + " generators";
    return kept.map(i => names[i - 1]).join(",");
  }

  function load() {
    var asked = (readState().g || "").split(",").filter(name => names.indexOf(name) >= 0);
    if (!asked.length) asked = names.slice(0, Number(table.dataset.chosen));
    selects.forEach((select, k) => { select.value = asked[k] || ""; });
    update();
  }

  for (var k = 0; k < Math.min(4, names.length); k++) {
    var select = element("select", { "aria-label": "Generator " + (k + 1) });
    if (k > 1) select.append(element("option", { value: "" }, "nobody"));
    names.forEach(name => { select.append(element("option", { value: name }, name)); });
    on(select, "change", () => { writeState({ g: update() }); });
    selects.push(select);
    picks.append(select, " ");
  }
  on(tools, "click", event => {
    if (event.target.dataset.do === "link") {
      writeState({ g: update() });
      copyLink(text => { output.textContent = text; });
    }
  });
  on(window, "hashchange", load);
  load();
  tools.hidden = false;
}

parts.push(["[data-compare]", compare]);
