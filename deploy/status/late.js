// Says that the promised word has not come; the page itself cannot know.
"use strict";
const late = document.getElementById("tard");
const look = () => {
  if (late && Date.now() > Date.parse(late.dataset.next)) late.hidden = false;
};
look();
setInterval(look, 20000);
