/* The chat of callers. What it knows is in its memory alone: no cookie, no storage; a page that is
   gone takes it along, and three words bring it back. Nothing that is typed leaves before "send".
   Each line has a key of its own and is sent until it is known to have come, so that a lost network
   neither loses nor repeats it. Written for a browser of 2016: ES5 and XMLHttpRequest. */
(function () {
  "use strict";
  var page = document.getElementById("tchat");
  if (!page || !window.crypto || !window.crypto.getRandomValues) { return; }
  document.getElementById("sans-script").hidden = true;
  var says = function (name) { return page.getAttribute("data-" + name) || ""; };
  var of = function (id) { return document.getElementById(id); };
  var began = Date.now(), field = of("m"), lines = of("lignes");
  var numbers = JSON.parse(says("numbers") || "{}");

  var state = "opening", contact = null, token = "", code = "";
  var last = 0, typing = 0, heardAt = began, failures = 0, following = null, again = null;
  var queue = [], sending = null, told = {}, openKey = null, saidTyping = 0, hideTyping = null;

  /* ---------------------------------------------------------------- asking the door */

  function key() {
    var b = new Uint8Array(16), hex = "", place;
    window.crypto.getRandomValues(b);
    b[6] = (b[6] & 15) | 64;
    b[8] = (b[8] & 63) | 128;
    for (place = 0; place < 16; place += 1) {
      hex += (b[place] + 256).toString(16).slice(1);
      if (place === 3 || place === 5 || place === 7 || place === 9) { hex += "-"; }
    }
    return hex;
  }

  /* "then" is told the status, 0 when nothing came. */
  function ask(verb, path, body, headers, then, patience) {
    var request = new XMLHttpRequest(), done = false, name;
    function finish(status) {
      var answer = null;
      if (done) { return; }
      done = true;
      try { answer = JSON.parse(request.responseText); } catch (ignored) { answer = null; }
      then(answer === null ? 0 : status, answer || {});
    }
    request.open(verb, path, true);
    request.timeout = patience || 15000;
    request.setRequestHeader("Accept", "application/json");
    if (body !== null) { request.setRequestHeader("Content-Type", "application/json"); }
    if (token) { request.setRequestHeader("Authorization", "Bearer " + token); }
    for (name in headers) {
      if (Object.prototype.hasOwnProperty.call(headers, name)) {
        request.setRequestHeader(name, headers[name]);
      }
    }
    request.onload = function () { finish(request.status); };
    request.onerror = request.ontimeout = request.onabort = function () { finish(0); };
    request.send(body === null ? null : JSON.stringify(body));
    return request;
  }

  function here() { return "/contacts/" + contact; }
  function is_away(status) { return status === 0 || status >= 500; }

  /* ---------------------------------------------------------------- what is shown */

  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }

  function show(next) {
    var before = state;
    state = next;
    each("[data-when]", function (part) {
      part.hidden = (" " + part.getAttribute("data-when") + " ").indexOf(" " + next + " ") < 0;
    });
    each("[data-has-code]", function (part) {
      part.hidden = !code || (part.hasAttribute("data-when") && part.hidden);
    });
    each("[data-code]", function (part) { part.textContent = code.split(" ").join(" · "); });
    if (before === next) { return; }
    of("finir-sur").hidden = true;
    of("reprise").open = next !== "waiting";
    of("coupure").textContent = next === "lost" ? of("coupee").textContent : "";
    of("coupure").className = "sr";
    if (next === "ended" || next === "elsewhere") { keep_unsent(); }
    if (next === "ended") {
      lines.textContent = "";
      of("fin").focus();
    }
  }

  /* What was typed and cannot be sent any more is still there for who typed it. */
  function keep_unsent() {
    var unsent = queue.map(function (line) { return line.text; });
    if (field.value.trim()) { unsent.push(field.value); }
    of("garde").value = unsent.join("\n\n");
    of("pas-parti").hidden = !unsent.length;
    queue = [];
    field.value = "";
  }

  function hour(moment) {
    var local = new Date(moment + Number(says("offset")) * 60000);
    var two = function (number) { return (number < 10 ? "0" : "") + number; };
    return says("hour").replace(/ /g, "\u00a0").replace("{heure}", local.getUTCHours())
      .replace("{minutes}", two(local.getUTCMinutes()));
  }

  function domain(moment) { return Number(says("now")) + (moment - began); }

  function wording(wordings) {
    var found = null;
    (wordings || []).forEach(function (each) {
      if (each.language === says("language")) { found = each; }
    });
    return found || (wordings || [])[0] || null;
  }

  function say(place, wordings) {
    var words = wording(wordings);
    place.textContent = words ? words.words : "";
    if (words) { place.lang = words.language; }
    place.hidden = !words;
  }

  function show_partners(place, partners) {
    place.textContent = "";
    partners.forEach(function (partner) {
      var link = document.createElement("a"), name = document.createElement("b");
      var number = document.createElement("span");
      link.className = "choice";
      link.href = partner.number ? "tel:" + partner.number : partner.page;
      link.rel = "noreferrer";
      name.textContent = partner.number ? says("call") + " " : partner.title;
      number.className = "num";
      number.textContent = partner.number ? numbers[partner.number] || partner.number : "";
      name.appendChild(number);
      link.appendChild(name);
      link.appendChild(document.createTextNode(partner.title + ", " + says("open-now") +
        (partner.anonymous ? "" : ". " + says("may-ask"))));
      place.appendChild(link);
    });
  }

  function show_wait(answer) {
    var rungs = answer.ladder ? answer.ladder.rungs : [];
    var why = answer.lost_human ? "lost_human" : (answer.situation || "usual"), partners = [];
    say(of("echelle"), answer.ladder && !answer.lost_human ? answer.ladder.wordings : []);
    each("[data-if]", function (part) {
      part.hidden = !of("echelle").hidden || part.getAttribute("data-if") !== why;
    });
    rungs.forEach(function (rung) { if (rung.partner) { partners.push(rung.partner); } });
    show_partners(of("relais"), partners);
    show_way_out(answer.way_out);
  }

  function show_way_out(offer) {
    var place = of("issue"), words = offer && wording(offer.wordings);
    place.hidden = !offer;
    place.setAttribute("data-offer", offer ? offer.way_out : "");
    of("issue-mots").textContent = words ? words.words : "";
  }

  /* ---------------------------------------------------------------- lines */

  function draw(line) {
    var item = document.createElement("li"), who = document.createElement("span");
    var text = document.createElement("span");
    item.className = line.mine ? "me" : "";
    who.className = "who";
    text.className = "txt";
    text.textContent = line.text;
    item.appendChild(who);
    item.appendChild(text);
    line.item = item;
    line.who = who;
    name(line);
    return item;
  }

  function name(line) {
    line.who.textContent = line.mine ? says("me") + ", " + says(line.how) : says("human");
  }

  /* Where it belongs: before what came later and before what is still on its way. */
  function place(line) {
    var next = null;
    Array.prototype.some.call(lines.children, function (item) {
      var position = Number(item.getAttribute("data-position")) || Infinity;
      if (item !== line.item && position > line.position) { next = item; }
      return next !== null;
    });
    line.item.setAttribute("data-position", line.position);
    lines.insertBefore(line.item, next);
  }

  function arrived(line, position) {
    line.position = position;
    line.how = "sent";
    told[position] = true;
    name(line);
    place(line);
  }

  function take(text) {
    var mine = text.author === "caller", line;
    if (told[text.position]) { return; }
    if (mine && sending && sending.text === text.text && !sending.position) {
      arrived(sending, text.position);
      return;
    }
    line = { mine: mine, text: text.text, how: "sent", position: text.position };
    told[text.position] = true;
    draw(line);
    place(line);
    if (!mine) { show_typing(false); }
  }

  function at_the_end() {
    return window.innerHeight + window.pageYOffset > document.body.scrollHeight - 240;
  }

  function send() {
    if (sending || !queue.length || !contact) { return; }
    var line = queue[0];
    sending = line;
    line.how = "sending";
    name(line);
    ask("POST", here() + "/texts", { text: line.text }, { "Idempotency-Key": line.key },
      function (status, answer) {
        sending = null;
        if (is_away(status)) {
          line.how = "unsent";
          name(line);
          failed();
          return;
        }
        queue.shift();
        if (status === 201) {
          if (!line.position) { arrived(line, answer.position); }
        } else {
          line.how = status === 413 || status === 400 ? "refused" : "unsent";
          name(line);
          field.value = line.text + (field.value ? "\n\n" + field.value : "");
          if (status === 403) { show("elsewhere"); }
        }
        send();
      });
  }

  of("ecrire").addEventListener("submit", function (event) {
    var text = field.value.replace(/\r\n/g, "\n"), line;
    event.preventDefault();
    if (!text.trim()) { return; }
    line = { mine: true, text: text, how: state === "lost" ? "unsent" : "sending", key: key() };
    queue.push(line);
    lines.appendChild(draw(line));
    field.value = "";
    field.focus();
    line.item.scrollIntoView(false);
    if (state === "lost") { look_again(); } else { send(); }
  });

  field.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) { return; }
    event.preventDefault();
    of("ecrire").querySelector("button[type=submit]").click();
  });

  /* ---------------------------------------------------------------- who is writing */

  field.addEventListener("input", function () {
    var now = Date.now();
    if (state !== "talking" || !field.value || now - saidTyping < 5000) { return; }
    saidTyping = now;
    ask("POST", here() + "/typing", {}, {}, function () { return undefined; });
  });

  function show_typing(so) {
    var words = so ? says("writes") : "";
    window.clearTimeout(hideTyping);
    if (so) { hideTyping = window.setTimeout(function () { show_typing(false); }, 8000); }
    if (of("ecrit").textContent !== words) { of("ecrit").textContent = words; }
  }

  /* ---------------------------------------------------------------- following */

  function follow() {
    window.clearTimeout(again);
    if (following || !contact || state === "ended" || state === "elsewhere") { return; }
    var wait = failures || state === "opening" ? 0 : 25;
    var path = here() + "/texts?after=" + last + "&typing_after=" + typing +
      "&wait_seconds=" + wait;
    var asked = ask("GET", path, null, {}, function (status, answer) {
      if (following !== asked) { return; }
      following = null;
      if (is_away(status) || status === 429) { failed(); return; }
      if (status === 403 || status === 401) { show("elsewhere"); return; }
      if (status !== 200) { show("ended"); return; }
      failures = 0;
      heardAt = Date.now();
      hear(answer);
      if (state !== "ended") { again = window.setTimeout(follow, 0); }
      send();
    }, 1000 * (wait + 8));
    following = asked;
  }

  function stop_following() {
    var asked = following;
    following = null;
    if (asked) { asked.abort(); }
    window.clearTimeout(again);
  }

  /* What is asked now may never be answered: ask anew, without waiting for news. */
  function look_again() {
    stop_following();
    again = window.setTimeout(follow, failures < 2 ? 250 : Math.min(10000, 500 * Math.pow(2, failures)));
  }

  function hear(answer) {
    var follows = at_the_end(), count = lines.children.length;
    if (answer.state === "ended") { show("ended"); return; }
    answer.texts.forEach(take);
    last = Math.max(last, answer.last);
    if (answer.typing) {
      if (answer.typing.number > typing && answer.typing.now) { show_typing(true); }
      typing = answer.typing.number;
    }
    show(answer.state.indexOf("waiting") === 0 ? "waiting" : "talking");
    if (state === "waiting") { show_wait(answer); }
    if (answer.urgent) { urgency_is_said(); }
    if (follows && lines.children.length > count) { lines.lastChild.scrollIntoView(false); }
  }

  function failed() {
    failures += 1;
    if (failures > 1) { lost(); }
    look_again();
  }

  function lost() {
    if (state === "ended" || state === "elsewhere") { return; }
    failures = Math.max(failures, 1);
    of("heure").textContent = hour(domain(heardAt) + Number(says("kept-minutes")) * 60000);
    show("lost");
  }

  window.addEventListener("online", function () {
    failures = Math.min(failures, 1);
    if (contact) { look_again(); }
  });
  window.addEventListener("offline", function () {
    if (contact) { lost(); look_again(); }
  });

  /* ---------------------------------------------------------------- coming in */

  function come_in(answer) {
    stop_following();
    contact = answer.contact_id;
    token = answer.token;
    code = answer.return_code || "";
    last = 0;
    told = {};
    lines.textContent = "";
    queue.forEach(function (line) { lines.appendChild(line.item); });
    heardAt = Date.now();
    show("opening");
    follow();
  }

  function open() {
    var body = { programme: says("line"), channel: "chat", language: says("language") };
    openKey = openKey || key();
    show("opening");
    ask("POST", "/contacts", body, { "Idempotency-Key": openKey }, function (status, answer) {
      if (is_away(status)) {
        each("[data-late]", function (part) { part.hidden = false; });
        failures += 1;
        window.setTimeout(open, Math.min(10000, 1000 * failures));
        return;
      }
      failures = 0;
      if (status === 201) { come_in(answer); return; }
      window.location.replace(says("home"));
    });
  }

  of("revenir").addEventListener("submit", function (event) {
    var secret = key(), here_before = state === "waiting" ? { contact: contact, token: token } : null;
    event.preventDefault();
    of("revenir-non").hidden = true;
    (function resume() {
      var mine = token;
      token = "";
      ask("POST", "/contacts/resume", { code: of("c").value.slice(0, 120) },
        { "Idempotency-Key": secret }, function (status, answer) {
          if (is_away(status)) { window.setTimeout(resume, 2000); return; }
          if (status !== 200 || answer.channel !== "chat") {
            of("revenir-non").hidden = false;
            return;
          }
          of("c").value = "";
          if (here_before && here_before.contact !== answer.contact_id) { leave_the_line(here_before); }
          come_in(answer);
        });
      token = mine;
    }());
  });

  /* Who waited here meanwhile waits no longer; what they had said is theirs to say again. */
  function leave_the_line(left) {
    var said = [];
    Array.prototype.forEach.call(lines.querySelectorAll(".me[data-position] .txt"), function (text) {
      said.push(text.textContent);
    });
    if (field.value) { said.push(field.value); }
    field.value = said.join("\n\n");
    token = left.token;
    ask("POST", "/contacts/" + left.contact + "/leave", { reason: "hung_up" }, {},
      function () { return undefined; });
  }

  of("nouveau").addEventListener("click", function () { open(); });

  /* ---------------------------------------------------------------- urgency, ways out, the end */

  function urgency_is_said() {
    of("urgent").checked = true;
    of("urgent").disabled = true;
    of("urgent-dit").hidden = false;
  }

  of("urgent").addEventListener("change", function () {
    if (!this.checked) { return; }
    ask("POST", here() + "/urgency", {}, {}, function (status) {
      if (status === 200) { urgency_is_said(); } else { of("urgent").checked = false; }
    });
  });

  function choose(accepts) {
    var way_out = of("issue").getAttribute("data-offer");
    ask("POST", here() + "/way-out", { way_out: way_out, accepts: accepts }, {},
      function (status, answer) {
        if (status !== 200) { return; }
        of("issue").hidden = true;
        if (answer.return_pass) {
          of("passe-code").textContent = answer.return_pass.digits.split("").join(" ");
          of("passe-heure").textContent = hour(Date.parse(answer.return_pass.valid_until));
          of("passe").hidden = false;
        }
        if (answer.partner) { show_partners(of("passe-relais"), [answer.partner]); }
        if (answer.state === "ended") { show("ended"); }
      });
  }
  of("issue-oui").addEventListener("click", function () { choose(true); });
  of("issue-non").addEventListener("click", function () { choose(false); });

  of("finir").addEventListener("click", function () {
    of("finir-sur").hidden = false;
    of("finir-non").focus();
  });
  of("finir-non").addEventListener("click", function () {
    of("finir-sur").hidden = true;
    field.focus();
  });
  of("finir-oui").addEventListener("click", function () {
    ask("POST", here() + "/leave", { reason: "hung_up" }, {}, function (status) {
      if (is_away(status)) { failed(); return; }
      show("ended");
      look_again();
    });
  });

  of("effacer").addEventListener("click", function () {
    ask("POST", here() + "/erase", {}, {}, function (status) {
      var done = status === 200;
      of("efface").hidden = !done;
      of("efface-non").hidden = done;
      of("reste").hidden = done;
      of("effacer").hidden = done;
    });
  });
  of("fermer").addEventListener("click", function () { window.location.replace("about:blank"); });

  /* ---------------------------------------------------------------- how this page was come to */

  function came_back() {
    var timing = window.performance || {};
    var entry = timing.getEntriesByType && timing.getEntriesByType("navigation")[0];
    if (entry && entry.type) { return entry.type === "reload" || entry.type === "back_forward"; }
    return timing.navigation ? timing.navigation.type === 1 || timing.navigation.type === 2 : false;
  }

  window.setTimeout(function () {
    if (state === "opening") { each("[data-late]", function (part) { part.hidden = false; }); }
  }, 2000);
  if (came_back()) { show("asking"); } else { open(); }
}());
