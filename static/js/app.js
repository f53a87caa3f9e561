// The behaviour of every staff page: dialogs, keyboard, lists, charts, maps. No framework; htmx does the requests.
(function () {
  "use strict";
  var me = document.currentScript;
  var byId = function (id) { return document.getElementById(id); };
  var typing = function (el) {
    return el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
  };
  var loaded = {};
  function load(src) {
    if (!loaded[src]) {
      loaded[src] = new Promise(function (done, failed) {
        var tag = document.createElement("script");
        tag.src = src;
        tag.onload = done;
        tag.onerror = failed;
        document.head.appendChild(tag);
      });
    }
    return loaded[src];
  }
  function style(href) {
    if (loaded[href]) { return; }
    loaded[href] = true;
    var link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.insertBefore(link, document.querySelector("link[data-ours]"));
  }
  function say(text) {
    var box = document.createElement("div");
    box.className = "alert alert-info toast-line";
    box.setAttribute("role", "status");
    box.textContent = text;
    byId("messages").appendChild(box);
    setTimeout(function () { box.remove(); }, 4000);
  }

  // --- Theme ---------------------------------------------------------------------------------
  function markTheme() {
    var choice = document.documentElement.getAttribute("data-theme-choice");
    document.querySelectorAll("[data-theme]").forEach(function (item) {
      item.classList.toggle("active", item.dataset.theme === choice);
      item.setAttribute("aria-pressed", item.dataset.theme === choice);
    });
  }
  document.addEventListener("theme", function () { markTheme(); drawCharts(document, true); });

  // --- Dialogs: any link with data-modal opens here; the same URL is a page without this script ---
  var dialog = byId("dialog");
  var opener = null;
  function modal(el) { return window.tabler.Modal.getOrCreateInstance(el); }
  function dirty(form) { return form && form.dataset.dirty === "1" && form.dataset.saving !== "1"; }
  function openDialog(link) {
    if (dialog.contains(link) && dirty(dialog.querySelector("form")) && !window.confirm("Go on without saving what you typed?")) { return; }
    opener = dialog.contains(link) ? opener : link;
    window.htmx.ajax("GET", link.href, { target: "#dialog-content", swap: "innerHTML" }).then(function () {
      if (byId("dialog-content").children.length) { modal(dialog).show(); }
    });
  }
  function focusFirst(root) {
    var summary = root.querySelector("[data-focus]");
    var field = root.querySelector(".tab-pane.active input:not([type=hidden]), .tab-pane.active select") ||
      root.querySelector(".modal-body input:not([type=hidden]), .modal-body select, .modal-body textarea") ||
      root.querySelector("[data-submit]");
    if (summary || field) { (summary || field).focus(); }
  }
  if (dialog) {
    dialog.addEventListener("shown.bs.modal", function () { focusFirst(dialog); });
    dialog.addEventListener("hide.bs.modal", function (event) {
      if (dirty(dialog.querySelector("form")) && !window.confirm("Close without saving what you typed?")) {
        event.preventDefault();
      }
    });
    dialog.addEventListener("hidden.bs.modal", function () {
      byId("dialog-content").replaceChildren();
      if (opener && opener.isConnected) { opener.focus(); }
    });
  }

  // --- Forms: nothing typed is lost, nothing is sent twice ------------------------------------------
  function setSaving(form, on) {
    form.dataset.saving = on ? "1" : "";
    form.querySelectorAll("[data-submit]").forEach(function (button) {
      button.disabled = on;
      button.setAttribute("aria-busy", on);
    });
  }
  document.addEventListener("input", function (event) {
    var form = event.target.closest("[data-form]");
    if (form) { form.dataset.dirty = "1"; }
  });
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-form]")) { return; }
    if (form.dataset.saving === "1") { event.preventDefault(); return; }
    setSaving(form, true);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt.closest && event.detail.elt.closest("[data-form]");
    if (form && !event.detail.xhr.getResponseHeader("HX-Redirect")) { setSaving(form, false); }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { document.querySelectorAll("[data-form]").forEach(function (f) { setSaving(f, false); }); }
  });
  window.addEventListener("beforeunload", function (event) {
    if (Array.prototype.some.call(document.querySelectorAll("[data-form]"), dirty)) { event.preventDefault(); }
  });

  // A list that keeps itself current waits while rows are ticked, a menu is open or nobody looks.
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (!event.target.hasAttribute("data-live")) { return; }
    if (document.hidden || document.querySelector("#list-results .tick :checked, #list-results .dropdown-menu.show, dialog[open], .modal.show")) {
      event.preventDefault();
    }
  });
  // What is asked only in one case: data-when="type=company" or "change_password=on" for a tick.
  function showWhen(root) {
    var all = root.querySelectorAll ? root.querySelectorAll("[data-when]") : [];
    all.forEach(function (part) {
      var rule = part.dataset.when.split("=");
      var field = part.closest("form").elements[rule[0]];
      var value = field && field.type === "checkbox" ? (field.checked ? "on" : "") : field && field.value;
      part.hidden = value !== rule[1];
    });
  }
  document.addEventListener("change", function (event) { if (event.target.form) { showWhen(event.target.form); } });

  // The code proposed for the name so far; a code that somebody typed is left alone.
  function takeCode(hint) {
    var answer = hint.querySelector("[data-code]");
    var fields = hint.closest("form").elements;
    if (!answer) { return; }
    if (fields.code.value.trim() && fields.code.value !== fields.generated.value) { hint.replaceChildren(); return; }
    fields.code.value = fields.generated.value = answer.dataset.code;
    suggestUsername(fields);
  }
  function suggestUsername(fields) {
    if (fields.username) { fields.username.placeholder = fields.code.value.trim().toUpperCase().replace(/\//g, "-"); }
  }
  document.addEventListener("input", function (event) {
    if (event.target.id === "id_code" && byId("code-hint")) { suggestUsername(event.target.form.elements); }
  });

  // On a phone the row of tabs scrolls: the open one is brought into sight, the page stays where it is.
  function showTab(tab) {
    var row = tab.closest(".form-tabs");
    if (row) { row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2; }
  }
  document.addEventListener("shown.bs.tab", function (event) { showTab(event.target); });

  function clearFields(button) {
    button.form.querySelectorAll(button.dataset.clear).forEach(function (field) {
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  // The rows of contacts: add an empty one, show those that match.
  function addContact(box) {
    var total = box.querySelector("input[name$=TOTAL_FORMS]");
    var template = box.querySelector("[data-contact-template]");
    var row = template.content.cloneNode(true);
    row.querySelectorAll("*").forEach(function (el) {
      Array.prototype.forEach.call(el.attributes, function (attribute) {
        attribute.value = attribute.value.replace(/__prefix__/g, total.value);
      });
    });
    template.before(row);
    total.value = Number(total.value) + 1;
    template.previousElementSibling.querySelector("input[type=text]").focus();
  }
  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-search-contacts]")) { return; }
    var wanted = event.target.value.trim().toLowerCase();
    event.target.closest("[data-contacts]").querySelectorAll("[data-contact]").forEach(function (row) {
      var text = Array.prototype.map.call(row.querySelectorAll("input[type=text], textarea"), function (f) { return f.value; }).join(" ");
      row.hidden = text.toLowerCase().indexOf(wanted) < 0;
    });
  });

  // --- Keyboard --------------------------------------------------------------------------------------
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    var results = event.target.closest && event.target.closest("[role=search], [data-pick]");
    if (results && moveIn(results, event)) { return; }
    if (typing(event.target) || document.querySelector(".modal.show")) { return; }
    if (event.key === "/" && byId("search")) {
      event.preventDefault();
      byId("search").focus();
      byId("search").select();
    } else if (event.key === "c" && byId("picker")) {
      event.preventDefault();
      modal(byId("picker")).show();
    }
  });
  function moveIn(form, event) {
    var hits = Array.prototype.slice.call(form.querySelectorAll(".search-hit"));
    var input = form.querySelector("input[role=combobox]");
    if (!input) { return false; }
    var at = hits.indexOf(document.activeElement);
    if (event.key === "Escape") {
      if (!form.querySelector(".search-results")) { return false; }
      form.querySelector("[data-results]").replaceChildren();
      input.setAttribute("aria-expanded", "false");
      input.focus();
      event.stopPropagation();
      return true;
    }
    if (event.key === "ArrowDown" && hits.length) { hits[Math.min(at + 1, hits.length - 1)].focus(); }
    else if (event.key === "ArrowUp" && at === 0) { input.focus(); }
    else if (event.key === "ArrowUp" && at > 0) { hits[at - 1].focus(); }
    else if (event.key === "Enter" && document.activeElement === input && hits.length) { hits[0].click(); }
    else { return false; }
    event.preventDefault();
    return true;
  }
  // A suggestion becomes the value of its field; Escape closes the suggestions before it closes the dialog.
  function comboOf(el) { return (el.closest("[data-pick]") || el.closest("form")).querySelector("[role=combobox]"); }
  function pick(hit) {
    var box = hit.closest("[data-pick]");
    var input = box.querySelector("input");
    input.value = hit.dataset.pickValue;
    box.querySelector("[data-results]").replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.dispatchEvent(new Event("change", { bubbles: true }));
    var form = input.closest("[data-form]");
    if (form) { form.dataset.dirty = "1"; }
    input.focus();
  }
  document.addEventListener("keydown", function (event) {
    var box = event.key === "Escape" && event.target.closest && event.target.closest("[data-pick]");
    if (box && moveIn(box, event)) { event.stopPropagation(); }
  }, true);
  var picker = byId("picker");
  if (picker) { picker.addEventListener("shown.bs.modal", function () { byId("picker-text").focus(); }); }

  // --- Clicks ---------------------------------------------------------------------------------------------
  document.addEventListener("click", function (event) {
    var target = event.target;
    var plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    var el;
    if ((el = target.closest("[data-theme]")) && el.closest("[data-theme-menu]")) { window.setTheme(el.dataset.theme); return; }
    if ((el = target.closest("a[data-modal]")) && plain && dialog) { event.preventDefault(); openDialog(el); return; }
    if ((el = target.closest("a[data-picker]")) && plain && picker) { event.preventDefault(); modal(picker).show(); return; }
    if ((el = target.closest("[data-close]")) && dialog && dialog.contains(el)) { event.preventDefault(); modal(dialog).hide(); return; }
    if ((el = target.closest("[data-pick-value]"))) { pick(el); return; }
    document.querySelectorAll("[data-pick] [data-results]").forEach(function (box) {
      if (box.children.length && !box.parentNode.contains(target)) { box.replaceChildren(); }
    });
    if ((el = target.closest("[data-dismiss-message]"))) { el.closest(".alert").remove(); return; }
    if ((el = target.closest("[data-clear]"))) { event.preventDefault(); clearFields(el); return; }
    if ((el = target.closest("[data-add-contact]"))) { event.preventDefault(); addContact(el.closest("[data-contacts]")); return; }
    if ((el = target.closest("[data-copy]"))) { copy(document.querySelector(el.dataset.copy).value, "Copied.").catch(function () { say("The browser did not allow copying."); }); return; }
    if ((el = target.closest("[data-export]"))) { event.preventDefault(); exportList(el.value); return; }
    if ((el = target.closest("[data-refresh]")) && plain) { event.preventDefault(); refreshList(); return; }
    if ((el = target.closest("[data-tick-all]"))) { tickAll(el); return; }
    if ((el = target.closest("[data-field]"))) { goToField(el.dataset.field, event); return; }
    if ((el = target.closest(".list-results .page-link[href], .list-results th a")) && plain) { event.preventDefault(); swapList(el.href); return; }
    var box = document.querySelector(".topbar-search [data-results]");
    if (box && box.children.length && !target.closest(".topbar-search")) { box.replaceChildren(); }
    openRow(event, target);
  });
  function goToField(id, event) {
    var field = byId(id);
    if (!field) { return; }
    event.preventDefault();
    var pane = field.closest(".tab-pane");
    if (pane) { window.tabler.Tab.getOrCreateInstance(byId(pane.getAttribute("aria-labelledby"))).show(); }
    setTimeout(function () { field.focus(); }, 200);
  }
  function openRow(event, target) {
    var row = target.closest("tr[data-href]");
    if (!row || target.closest("a, button, input, label, select, form, summary")) { return; }
    if (String(window.getSelection())) { return; }
    var link = row.querySelector("a.row-link");
    if (event.ctrlKey || event.metaKey) { window.open(row.dataset.href, "_blank", "noopener"); }
    else if (link && link.hasAttribute("data-modal")) { openDialog(link); }
    else { window.location.href = row.dataset.href; }
  }

  // --- Lists ------------------------------------------------------------------------------------------------
  function swapList(url) {
    window.htmx.ajax("GET", url, { source: "#list-results", target: "#list-results", swap: "innerHTML" }).then(function () {
      var top = document.querySelector(".list-results .table-wrap");
      if (top) { top.scrollTop = 0; }
    });
  }
  function refreshList() {
    if (byId("list-results")) { swapList(window.location.href); } else { window.location.reload(); }
  }
  function listUrl(format) {
    var url = new URL(window.location.href);
    url.searchParams.set("export", format);
    url.searchParams.delete("page");
    return url.toString();
  }
  // A list of personal data asks what for first: its answer is then a dialog instead of the file.
  function exportList(format) {
    var form = byId("list-form");
    if (form.dataset.mustConfirm) {
      opener = form.querySelector("[data-export-menu]");
      window.htmx.ajax("GET", listUrl(format), { target: "#dialog-content", swap: "innerHTML" }).then(function () {
        if (byId("dialog-content").children.length) { modal(dialog).show(); }
      });
    } else if (format === "copy") {
      copyList();
    } else {
      window.location.href = listUrl(format);
      say("The file is being made; the download begins by itself.");
    }
  }
  document.addEventListener("exportConfirmed", function (event) {
    delete byId("list-form").dataset.mustConfirm;
    var form = dialog.querySelector("form");
    if (form) { form.dataset.dirty = ""; }
    modal(dialog).hide();
    exportList(event.detail.format);
  });
  function copyList() {
    fetch(listUrl("copy"), { credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(answer.status); }
        if (answer.headers.get("Content-Type").indexOf("text/plain") !== 0) {
          byId("list-form").dataset.mustConfirm = "1";
          exportList("copy");
          return null;
        }
        return answer.text().then(function (text) {
          return copy(text, text.trim().split("\n").length - 1 + " rows copied.");
        });
      })
      .catch(function () { say("The list could not be copied. Try CSV instead."); });
  }
  function copy(text, report) {
    var old = function () {
      var area = document.createElement("textarea");
      area.value = text;
      area.className = "visually-hidden";
      document.body.appendChild(area);
      area.select();
      var done = document.execCommand("copy");
      area.remove();
      if (!done) { throw new Error("refused"); }
    };
    // Outside https and localhost browsers have no clipboard object; the old way still works there.
    var done = navigator.clipboard ? navigator.clipboard.writeText(text).catch(old) : Promise.resolve().then(old);
    return done.then(function () { say(report); });
  }
  function tickAll(box) {
    box.closest("table").querySelectorAll("tbody input[name=pk]").forEach(function (one) { one.checked = box.checked; });
    countTicks();
  }
  function countTicks() {
    var bar = document.querySelector("[data-bulk]");
    if (!bar) { return; }
    var count = document.querySelectorAll("input[name=pk]:checked").length;
    bar.querySelector("[data-bulk-count]").textContent = count ? count + " selected" : "Tick rows to act on several at once";
    bar.querySelectorAll("[data-bulk-action]").forEach(function (button) { button.disabled = !count; });
  }
  document.addEventListener("change", function (event) { if (event.target.name === "pk") { countTicks(); } });

  // --- Arranging a detail page: cards are dragged; the arrows on them do the same without a mouse -------------
  var held = null;
  document.addEventListener("dragstart", function (event) {
    held = event.target.closest && event.target.closest("[data-part]");
    if (!held) { return; }
    held.classList.add("arrange-held");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.part);
  });
  document.addEventListener("dragover", function (event) {
    var column = held && event.target.closest && event.target.closest("[data-column]");
    if (!column) { return; }
    event.preventDefault();
    var below = Array.prototype.find.call(column.querySelectorAll("[data-part]"), function (card) {
      var box = card.getBoundingClientRect();
      return card !== held && event.clientY < box.top + box.height / 2;
    });
    column.insertBefore(held, below || null);
  });
  document.addEventListener("dragend", function () {
    if (!held) { return; }
    var form = held.closest("[data-arrange]");
    held.classList.remove("arrange-held");
    held = null;
    form.querySelectorAll("input[name=place]").forEach(function (input) {
      input.value = input.closest("[data-column]").dataset.column + ":" + input.closest("[data-part]").dataset.part;
    });
    form.requestSubmit();
  });

  // --- Charts: colours come from the theme -------------------------------------------------------------------
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }
  function drawCharts(root, again) {
    var figures = root.querySelectorAll ? root.querySelectorAll("[data-chart]") : [];
    if (!figures.length) { return; }
    load(me.dataset.chartSrc).then(function () {
      figures.forEach(function (figure) { drawChart(figure, again); });
    });
  }
  function drawChart(figure, again) {
    var canvas = figure.querySelector("canvas");
    var old = window.Chart.getChart(canvas);
    if (old && !again) { return; }
    if (old) { old.destroy(); }
    var data = JSON.parse(byId(figure.dataset.chart).textContent);
    var round = data.kind === "pie" || data.kind === "doughnut";
    var pick = function (i) { return colour("--chart-" + (i % 6 + 1)); };
    var ink = colour("--chart-ink");
    var grid = colour("--chart-grid");
    var number = function (v) { return v.toLocaleString("en-ZA", { maximumFractionDigits: 2 }).replace(/\u00a0/g, " ") + (data.unit ? " " + data.unit : ""); };
    var axis = function (title, stacked) {
      return { stacked: stacked, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 }, grid: { color: grid }, border: { color: grid }, title: { display: !!title, text: title, color: ink } };
    };
    window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    new window.Chart(canvas, {
      type: data.kind,
      data: {
        labels: data.labels,
        datasets: data.series.map(function (series, i) {
          var one = series.meaning ? colour("--chart-" + series.meaning) : pick(i);
          return {
            label: series.label,
            data: series.values,
            backgroundColor: round ? data.labels.map(function (_, n) { return pick(n); }) : one,
            borderColor: round ? colour("--chart-paper") : one,
            borderWidth: data.kind === "line" || round ? 2 : 0,
            borderRadius: data.kind === "bar" ? 2 : 0,
            pointRadius: 2,
            tension: 0.25
          };
        })
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        onClick: function (event, hits) {
          if (data.urls.length && hits.length) { window.location.href = data.urls[hits[0].index]; }
        },
        onHover: function (event, hits) {
          event.native.target.style.cursor = data.urls.length && hits.length ? "pointer" : "";
        },
        interaction: { mode: round ? "nearest" : "index", intersect: round },
        plugins: {
          legend: { display: round || data.series.length > 1, position: "bottom", labels: { color: ink, boxWidth: 12 } },
          tooltip: { callbacks: { label: function (item) { return (round ? item.label : item.dataset.label) + ": " + number(item.raw); } } }
        },
        scales: round ? {} : { x: Object.assign(axis("", data.stacked), { grid: { display: false } }), y: Object.assign(axis(data.unit, data.stacked), { beginAtZero: true }) }
      }
    });
  }

  // --- Maps: one pin, dragged into the position field ---------------------------------------------------------
  // A map in a tab or dialog that is not open yet is drawn when it is: only then has it a size.
  ["shown.bs.tab", "shown.bs.modal"].forEach(function (name) {
    document.addEventListener(name, function () { drawMaps(document); });
  });
  function drawMaps(root) {
    var boxes = root.querySelectorAll ? Array.prototype.slice.call(root.querySelectorAll("[data-map]:not([data-drawn])")) : [];
    boxes = boxes.filter(function (box) { return box.offsetParent !== null; });
    if (!boxes.length) { return; }
    style(me.dataset.mapCss);
    // Marked before the script is there: a second swap meanwhile must not draw the same map again.
    boxes.forEach(function (box) { box.setAttribute("data-drawn", "1"); });
    load(me.dataset.mapSrc).then(function () { boxes.forEach(drawMap); });
  }
  function credit(text) {
    var span = document.createElement("span");
    span.textContent = text;
    return span.innerHTML.replace("OpenStreetMap", '<a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">OpenStreetMap</a>');
  }
  // Lines of latitude and longitude: under the pictures, and in their place where there are none.
  function graticule() {
    var Grid = window.L.GridLayer.extend({
      createTile: function (at) {
        var tile = document.createElement("canvas");
        var size = this.getTileSize();
        tile.width = size.x;
        tile.height = size.y;
        var corner = this._map.unproject(at.scaleBy(size), at.z);
        var pen = tile.getContext("2d");
        pen.strokeStyle = colour("--chart-grid");
        pen.strokeRect(0.5, 0.5, size.x, size.y);
        pen.fillStyle = colour("--chart-ink");
        pen.font = "11px " + getComputedStyle(document.body).fontFamily;
        pen.fillText(corner.lat.toFixed(4) + ", " + corner.wrap().lng.toFixed(4), 6, 16);
        return tile;
      }
    });
    return new Grid({ attribution: "" });
  }
  // Public tile servers want to know which site asks; the page's own policy would not tell them.
  function pictures(url, words) {
    return window.L.tileLayer(url, { maxZoom: 19, attribution: credit(words), referrerPolicy: "origin" });
  }
  function readPosition(text) {
    var found = /^\s*\(?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,;]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*\)?\s*$/.exec(text || "");
    var place = found && [Number(found[1]), Number(found[2])];
    return place && Math.abs(place[0]) <= 90 && Math.abs(place[1]) <= 180 ? place : null;
  }
  function drawMap(box) {
    var L = window.L;
    var field = box.dataset.pinFor ? byId(box.dataset.pinFor) : null;
    var has = box.dataset.latitude !== "" && box.dataset.longitude !== "";
    var place = has ? [Number(box.dataset.latitude), Number(box.dataset.longitude)] : [-28.5, 24.7];
    // Leaflet focuses the map when it is pressed; inside a dialog that would scroll it away under the pointer.
    box.focus = function () { HTMLElement.prototype.focus.call(box, { preventScroll: true }); };
    var map = L.map(box, { maxZoom: 19 }).setView(place, has ? 16 : 5);
    map.attributionControl.setPrefix(false);
    graticule().addTo(map);
    var layers = {};
    if (box.dataset.tiles) { layers.Map = pictures(box.dataset.tiles, box.dataset.attribution).addTo(map); }
    if (box.dataset.satellite) { layers.Satellite = pictures(box.dataset.satellite, box.dataset.satelliteAttribution); }
    if (Object.keys(layers).length > 1) { L.control.layers(layers, null, { collapsed: false }).addTo(map); }
    var icon = L.icon({ iconUrl: me.dataset.mapImages, iconSize: [25, 41], iconAnchor: [12, 41], tooltipAnchor: [12, -28] });
    var pin = null;
    var write = function (at) {
      field.value = "(" + at.lat.toFixed(6) + ", " + at.wrap().lng.toFixed(6) + ")";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      if (field.form.elements.pin) { field.form.elements.pin.value = "pin"; }
    };
    var step = { ArrowUp: [0, -4], ArrowDown: [0, 4], ArrowLeft: [-4, 0], ArrowRight: [4, 0] };
    var set = function (at) {
      if (pin) { pin.setLatLng(at); return; }
      pin = L.marker(at, { icon: icon, draggable: !!field, title: box.dataset.label, alt: "Marker" }).addTo(map);
      if (!field) { return; }
      pin.on("dragend", function () { write(pin.getLatLng()); });
      pin.getElement().addEventListener("keydown", function (event) {
        if (!step[event.key]) { return; }
        event.preventDefault();
        event.stopPropagation();
        pin.setLatLng(map.containerPointToLatLng(map.latLngToContainerPoint(pin.getLatLng()).add(step[event.key])));
        write(pin.getLatLng());
      });
    };
    if (has) { set(place); }
    if (!field) { return; }
    map.on("click", function (event) { set(event.latlng); write(event.latlng); });
    field.addEventListener("input", function (event) {
      var typed = event.isTrusted && readPosition(field.value);
      if (event.isTrusted && field.form.elements.pin) { field.form.elements.pin.value = ""; }
      if (typed) { set(typed); map.setView(typed, Math.max(map.getZoom(), 14)); }
    });
  }

  // --- Choosing several: chips that can be taken away, and a box to type in (EDT-2) ------------------------------
  function chooseSeveral(root) {
    var boxes = root.querySelectorAll ? Array.prototype.slice.call(root.querySelectorAll("select[multiple]:not([data-chips])")) : [];
    if (!boxes.length) { return; }
    boxes.forEach(function (box) { box.setAttribute("data-chips", "1"); });
    style(me.dataset.chipsCss);
    load(me.dataset.chipsSrc).then(function () {
      boxes.filter(function (box) { return box.isConnected && !box.tomselect; }).forEach(function (box) {
        var chips = new window.TomSelect(box, {
          refreshThrottle: 0,
          plugins: { remove_button: { title: "Remove" } },
          maxOptions: null,
          placeholder: box.dataset.placeholder || "Select one or more",
          closeAfterSelect: false,
          render: {
            no_results: function (data, escape) {
              return '<div class="no-results">Nothing is called “' + escape(data.input) + "”.</div>";
            }
          }
        });
        // Enter chooses; it never sends the form around the box.
        chips.control_input.addEventListener("keydown", function (event) {
          if (event.key === "Enter") { event.preventDefault(); }
        });
      });
    });
  }

  // --- After every load ------------------------------------------------------------------------------------------
  function ready(root) {
    drawCharts(root);
    drawMaps(root);
    chooseSeveral(root);
    showWhen(root);
    if (root.querySelectorAll) { root.querySelectorAll(".form-tabs .nav-link.active").forEach(showTab); }
    countTicks();
    var wide = root.querySelector && root.querySelector(".error-summary");
    if (wide) {
      wide.focus();
      var unsaved = wide.closest("[data-form]");
      if (unsaved) { unsaved.dataset.dirty = "1"; }
    }
  }
  document.addEventListener("htmx:afterSwap", function (event) {
    var target = event.detail.target;
    ready(target.isConnected ? target : document);
    if (target.hasAttribute("data-code-hint")) { takeCode(target); }
    if (target.hasAttribute("data-place")) { byId("place").closest("[data-form]").dataset.dirty = "1"; }
    if (target.hasAttribute("data-results")) {
      var input = comboOf(target);
      input.setAttribute("aria-expanded", String(target.children.length > 0));
    }
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.matches("[role=combobox]") && !event.detail.elt.value.trim()) {
      event.preventDefault();
      var around = event.detail.elt.closest("[data-pick]") || event.detail.elt.closest("form");
      around.querySelector("[data-results]").replaceChildren();
    }
  });
  function failed(event) {
    if (event.detail.xhr && event.detail.xhr.status === 403) { say("Your role does not allow this."); }
    else if (event.detail.xhr && event.detail.xhr.status === 404) { say("This is no longer there. Refresh the page."); }
    else { say("The server could not be reached or had a fault. Nothing you typed is lost; try again."); }
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("DOMContentLoaded", function () {
    markTheme();
    ready(document);
    // The columns lie inside the form of the list, which would ask for it anew at every tick.
    var columns = document.querySelector(".columns-menu");
    if (columns) { columns.addEventListener("change", function (event) { event.stopPropagation(); }); }
  });
})();
