for (const bar of document.querySelectorAll(".search")) {
  const cards = [...bar.parentElement.querySelectorAll(".sample")];
  const words = cards.map(card => card.textContent.toLowerCase());
  const [input, ...selects] = bar.querySelectorAll("input, select");
  const show = () => {
    const wanted = input.value.toLowerCase();
    let count = 0;
    cards.forEach((card, at) => {
      const fits = selects.every(one => !one.value || card.dataset.slices.split("\n").includes(one.value));
      card.hidden = !(fits && words[at].includes(wanted));
      count += !card.hidden;
    });
    const output = bar.querySelector("output");
    output.textContent = count + " of " + cards.length + " " + output.dataset.things;
  };
  bar.addEventListener("input", show);
  bar.hidden = false;
  show();
}
