// A mark, a label, an entry of a legend or a row lights its generator on the whole page, and tells its values: under the
// pointer, by the keyboard (arrows go from mark to mark, Escape closes) and at a first touch, of which a second follows
// the link.
function lights(main) {
  var LINK = "a[href*='generators/']", MARK = "svg :not(g)[aria-label]";
  var tip = main.appendChild(element("div", { class: "tip", id: "tip", role: "tooltip", hidden: "" }));
  var index, lit = [], now, touched, fresh, closing;

  // What a link leads to, or what the words of a line start with.
  function key(one) {
    var link = one.closest(LINK);
    return "/" + (link ? link.getAttribute("href").split("/").pop() : one.getAttribute("aria-label").split(":")[0] + ".html");
  }

  function alike(one) {
    if (!index) {
      index = {};
      all(main, ["table " + LINK, ".chart " + LINK, ".chart " + MARK]).forEach(each => {
        var name = key(each);
        (index[name] = index[name] || []).push(each.closest("tr") || each.closest("a") || each);
      });
    }
    return index[key(one)];
  }

  // What is pointed at: what lights up, and the mark that has the words.
  function subject(target) {
    var entry = target.closest(".key button"), row = target.closest("tbody tr"), mark = target.closest(MARK);
    if (entry) {
      var hue = "[stroke='var(--" + entry.parentNode.className.slice(4) + ")'][aria-label]";
      return { at: entry, lit: all(entry.closest("figure"), hue).map(stop), words: "" };
    }
    var link = target.closest(LINK) || (row && row.querySelector(LINK));
    if (!(link || mark) || !target.closest(".chart, tbody")) return null;
    var lights = alike(link || mark);
    if (row) {
      var cell = row.querySelector("td[style^='--v']");
      return { at: link, lit: lights, words: cell ? link.textContent + "; " + (cell.ariaLabel || cell.textContent) : "" };
    }
    mark = mark || all(link.ownerSVGElement, MARK).find(one => {
      return key(one) === key(link);
    });
    return { at: link || mark, mark: mark, lit: lights, words: mark ? mark.getAttribute("aria-label") : "" };
  }

  // Which of the parts of its words is of the point of a line next to the pointer.
  function nearest(mark, x, y, count) {
    var d = mark && x && mark.getAttribute("d");
    if (!/^M\S+,.*L/.test(d)) return -1;
    var at = new DOMPoint(x, y).matrixTransform(mark.getScreenCTM().inverse()).x;
    var far = d.slice(1).split("L").map(point => Math.abs(parseFloat(point) - at));
    return count - far.length + far.indexOf(Math.min.apply(null, far));
  }

  function light(found) {
    [false, true].forEach(bright => {
      lit.forEach(one => {
        one.classList.toggle("lit", bright);
        if (one.ownerSVGElement) one.ownerSVGElement.classList.toggle("dim", bright);
      });
      lit = found;
    });
  }

  function show(found, x, y) {
    clearTimeout(closing);
    if (now !== found.at) light(found.lit);
    now = found.at;
    tip.hidden = !found.words;
    var parts = found.words.split("; "), box = (found.mark || now).getBoundingClientRect();
    var near = nearest(found.mark, x, y, parts.length);
    tip.replaceChildren.apply(tip, parts.map((text, i) => {
      return element("span", i === near ? { class: "at" } : {}, text);
    }));
    var left = (x || box.right) + 10, top = (y || box.bottom) + 10, high = tip.offsetHeight;
    if (top + high > innerHeight) top = Math.max(4, (y || box.top) - 10 - high);
    tip.style.left = Math.max(4, Math.min(left, innerWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = top + "px";
  }

  function close() {
    clearTimeout(closing);
    light([]);
    now = null;
    tip.hidden = true;
  }

  function pointed(event) {
    var found = subject(event.target), over = event.type === "pointerover";
    if (over) touched = event.pointerType === "touch";
    else if (touched || !found || !found.mark) return;
    if (tip.contains(event.target)) clearTimeout(closing);
    if (over) fresh = found && now !== found.at;
    if (found) show(found, event.clientX, event.clientY);
    else if (touched) close();
  }

  function stop(mark) { return mark.closest("a") || mark; }
  function stops(drawing) { return all(drawing, MARK).map(stop); }

  on(main, "pointerover pointermove", pointed);
  on(main, "pointerout", () => {
    clearTimeout(closing);
    if (!touched) closing = setTimeout(close, 200); // time to reach what it says
  });
  on(main, "click", event => {
    if (touched && fresh && event.target.closest(".chart svg a")) event.preventDefault();
  });
  on(main, "focusin", event => {
    var found = event.target.matches(":focus-visible") && subject(event.target);
    if (!found) return;
    show(found);
    if (!found.mark && found.words) now.setAttribute("aria-describedby", "tip");
  });
  on(main, "focusout", close);
  on(document, "keydown", event => {
    if (event.key === "Escape") close();
    var step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], old = event.target;
    if (!step || !old.closest(".chart svg")) return;
    var marks = stops(old.closest(".chart svg")), next = marks[(marks.indexOf(old) + step + marks.length) % marks.length];
    event.preventDefault();
    old.setAttribute("tabindex", -1);
    next.setAttribute("tabindex", 0);
    next.focus();
  });

  all(main, ".chart svg").forEach(drawing => {
    stops(drawing).forEach((one, i) => { one.setAttribute("tabindex", i ? -1 : 0); });
  });
  all(main, "figcaption .key").forEach(entry => {
    entry.replaceChildren(element("button", { type: "button" }, entry.textContent));
  });
}

parts.push(["main", lights]);
