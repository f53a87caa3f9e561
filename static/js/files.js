// Files: dropping them on the profile or on a picker, what is too large before it is sent, and how far the upload is.
(function () {
  "use strict";
  var MB = 1000000;
  var words = function (bytes) { return (bytes / MB).toLocaleString("en-ZA", { maximumFractionDigits: 1 }) + " MB"; };
  function tooMuch(files, box) {
    var most = Number(box.dataset.mostMb);
    var all = Number(box.dataset.allMb);
    var total = 0;
    for (var i = 0; i < files.length; i += 1) {
      total += files[i].size;
      if (files[i].size > most * MB) { return files[i].name + " is larger than " + most + " MB (" + words(files[i].size) + "). Nothing was sent."; }
    }
    return total > all * MB ? "Together these files are larger than " + all + " MB (" + words(total) + "). Nothing was sent; send fewer at once." : "";
  }
  function tell(text, meaning) {
    var line = document.createElement("div");
    line.className = "alert alert-" + meaning;
    line.setAttribute("role", "status");
    line.textContent = text;
    document.getElementById("messages").replaceChildren(line);
    line.scrollIntoView({ block: "nearest" });
    return line;
  }
  function hasFiles(event) {
    return event.dataTransfer && Array.prototype.indexOf.call(event.dataTransfer.types, "Files") >= 0;
  }
  function zone(event) { return hasFiles(event) && event.target.closest && event.target.closest("[data-drop], [data-drop-input]"); }

  ["dragenter", "dragover"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      if (!hasFiles(event)) { return; }
      event.preventDefault();  // a file that misses must not replace the page
      var box = zone(event);
      event.dataTransfer.dropEffect = box ? "copy" : "none";
      mark(box);
    });
  });
  document.addEventListener("dragleave", function (event) { if (!event.relatedTarget) { mark(null); } });
  document.addEventListener("drop", function (event) {
    if (!hasFiles(event)) { return; }
    event.preventDefault();
    var box = zone(event);
    mark(null);
    if (!box) { return; }
    if (box.hasAttribute("data-drop")) { send(box, event.dataTransfer.files); return; }
    var input = box.querySelector("input[type=file]");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  function mark(box) {
    document.querySelectorAll(".drop-over").forEach(function (one) { if (one !== box) { one.classList.remove("drop-over"); } });
    if (box) { box.classList.add("drop-over"); }
  }

  // Dropped on the profile: sent at once. A refusal opens the dialog with its reason.
  function send(box, files) {
    var problem = tooMuch(files, box);
    if (problem) { tell(problem, "danger"); return; }
    var form = new FormData();
    Array.prototype.forEach.call(files, function (file) { form.append("files", file); });
    form.append("next", window.location.pathname);
    var request = new XMLHttpRequest();
    request.open("POST", box.dataset.drop);
    var headers = JSON.parse(document.body.getAttribute("hx-headers"));
    Object.keys(headers).forEach(function (name) { request.setRequestHeader(name, headers[name]); });
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Target", "dialog-content");
    var line = tell("Uploading…", "info");
    request.upload.addEventListener("progress", function (event) {
      if (event.lengthComputable) { line.textContent = "Uploading… " + Math.round(100 * event.loaded / event.total) + " %"; }
    });
    request.addEventListener("load", function () {
      var there = request.getResponseHeader("HX-Redirect");
      if (there) { window.location.href = there; return; }
      if (request.status !== 200) { failed(request.status, box); return; }
      line.remove();
      var content = document.getElementById("dialog-content");
      content.innerHTML = request.responseText;
      window.htmx.process(content);
      window.tabler.Modal.getOrCreateInstance(document.getElementById("dialog")).show();
    });
    request.addEventListener("error", function () { failed(0, box); });
    request.send(form);
  }
  function failed(status, box) {
    if (status === 413) { tell("This upload is larger than " + box.dataset.allMb + " MB. Nothing was stored; send less at once.", "danger"); }
    else if (status === 403) { tell("Your role does not allow this. Nothing was stored.", "danger"); }
    else { tell("The upload did not arrive. Nothing was stored; try again.", "danger"); }
  }

  // The picker: what was chosen, and what is too large, before Add is pressed.
  document.addEventListener("change", function (event) {
    var box = event.target.closest && event.target.closest("[data-drop-input]");
    if (!box || event.target.type !== "file") { return; }
    var problem = tooMuch(event.target.files, box);
    var list = box.querySelector("[data-drop-list]");
    list.replaceChildren();
    Array.prototype.forEach.call(event.target.files, function (file) {
      var line = document.createElement("li");
      line.textContent = file.name + " (" + words(file.size) + ")";
      line.classList.toggle("too-large", file.size > Number(box.dataset.mostMb) * MB);
      list.append(line);
    });
    if (problem) {
      var why = document.createElement("li");
      why.className = "too-large";
      why.setAttribute("role", "alert");
      why.textContent = problem;
      list.append(why);
      event.target.value = "";
    }
  });
  document.addEventListener("htmx:xhr:progress", function (event) {
    var bar = event.target.querySelector && event.target.querySelector("[data-upload-progress]");
    if (bar && event.detail.lengthComputable) {
      bar.hidden = false;
      bar.value = 100 * event.detail.loaded / event.detail.total;
    }
  });
  // The link that was pressed is gone with the file it belonged to; Escape must still reach the dialog.
  document.addEventListener("htmx:afterSwap", function (event) {
    var dialog = event.detail.target.closest("#dialog.show");
    if (dialog && dialog.querySelector(".lightbox")) { dialog.focus(); }
  });
  // Left and right go through the files while one is shown large.
  document.addEventListener("keydown", function (event) {
    var way = { ArrowLeft: "[data-newer]", ArrowRight: "[data-older]" }[event.key];
    var link = way && document.querySelector(".modal.show .lightbox") && document.querySelector(".modal.show " + way);
    if (link) { event.preventDefault(); link.click(); }
  });
})();
