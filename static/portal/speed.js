// The speed test of the portal: latency, download, upload against the provider's own server; then the result is kept.
(function () {
  "use strict";
  var box = document.querySelector("[data-speed]");
  if (!box || !window.fetch || !window.performance) { return; }
  var part = function (name) { return box.querySelector("[data-speed-" + name + "]"); };
  var form = part("form");
  var token = form.querySelector("input[name=csrfmiddlewaretoken]").value;
  // Each direction goes on with larger pieces until it took so long: a slow line is measured with little data.
  var DOWN = [250000, 1000000, 4000000, 8000000, 8000000, 8000000];
  var UP = [100000, 500000, 2000000, 4000000, 4000000];
  var LONG = 5000;
  var PINGS = 8;

  function say(text, done) { part("say").textContent = text; part("bar").value = done; }
  function speed(octets, ms) {
    var mbps = octets * 8 / ms / 1000;
    return mbps >= 10 ? mbps.toFixed(0) + " Mb/s" : mbps >= 1 ? mbps.toFixed(1) + " Mb/s" : Math.round(mbps * 1000) + " kb/s";
  }
  function post(values) {
    return fetch(box.dataset.url, { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token }, body: new URLSearchParams(values) }).then(function (answer) {
      if (answer.redirected) { throw new Error("You were logged out meanwhile. Open this page again."); }
      return answer.json().then(function (told) {
        if (!answer.ok) { throw new Error(told.error); }
        return told;
      });
    });
  }
  function ping() {
    var took = [];
    function once() {
      var began = performance.now();
      return fetch(box.dataset.ping, { method: "HEAD", cache: "no-store" }).then(function () {
        took.push(performance.now() - began);
        return took.length < PINGS ? once() : took.slice(1).sort(function (a, b) { return a - b; })[Math.floor((PINGS - 1) / 2)];
      });
    }
    return once();
  }
  // All pieces after the first, which finds the pace of the connection; of a slow line there is only that.
  function measure(sizes, name, from, once) {
    var pieces = [];
    function sum(list, key) { return list.reduce(function (total, one) { return total + one[key]; }, 0); }
    function next(at) {
      var began = performance.now();
      return once(sizes[at]).then(function () {
        pieces.push({ octets: sizes[at], ms: performance.now() - began });
        var counted = pieces.length > 1 ? pieces.slice(1) : pieces;
        var found = { octets: sum(counted, "octets"), ms: Math.max(1, Math.round(sum(counted, "ms"))) };
        part(name).textContent = speed(found.octets, found.ms);
        part("bar").value = from + 40 * (at + 1) / sizes.length;
        return sum(pieces, "ms") < LONG && at + 1 < sizes.length ? next(at + 1) : found;
      });
    }
    return next(0);
  }
  function checked(answer) { if (!answer.ok) { throw new Error("The test was interrupted. Try again."); } return answer; }
  function address(ticket, octets) {
    return box.dataset.data + "?ticket=" + encodeURIComponent(ticket) + (octets ? "&octets=" + octets : "");
  }
  function down(ticket) {
    return function (octets) {
      return fetch(address(ticket, octets), { credentials: "same-origin", cache: "no-store" }).then(checked).then(function (answer) { return answer.arrayBuffer(); });
    };
  }
  function up(ticket) {
    var noise = new Uint8Array(65536);
    window.crypto.getRandomValues(noise);
    return function (octets) {
      var parts = [];
      for (var left = octets; left > 0; left -= noise.length) { parts.push(left < noise.length ? noise.subarray(0, left) : noise); }
      return fetch(address(ticket), { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token, "Content-Type": "application/octet-stream" }, body: new Blob(parts) }).then(checked);
    };
  }
  function run() {
    var chosen = form.elements.account;
    var result = {};
    say("Beginning …", 2);
    return post(chosen ? { account: chosen.value } : {}).then(function (told) {
      result.ticket = told.ticket;
      say("Delay …", 5);
      return ping();
    }).then(function (ms) {
      result.latency = ms.toFixed(1);
      part("latency").textContent = result.latency + " ms";
      say("Download …", 12);
      return measure(DOWN, "down", 15, down(result.ticket));
    }).then(function (found) {
      result.down_octets = found.octets;
      result.down_ms = found.ms;
      say("Upload …", 55);
      return measure(UP, "up", 55, up(result.ticket));
    }).then(function (found) {
      result.up_octets = found.octets;
      result.up_ms = found.ms;
      say("Keeping the result …", 98);
      return post(result);
    }).then(function (told) {
      say("Done: " + part("down").textContent + " down, " + part("up").textContent + " up.", 100);
      window.location.href = told.url;
    });
  }
  var go = part("go");
  go.disabled = false;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (go.disabled) { return; }
    go.disabled = true;
    part("running").hidden = false;
    run().catch(function (error) {
      say(error && error.message && error.name === "Error" ? error.message : "The server could not be reached. Try again.", 0);
      go.disabled = false;
    });
  });
})();
