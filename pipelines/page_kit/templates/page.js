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
    bar.querySelector("output").textContent = count + " of " + cards.length + " documents";
  };
  bar.addEventListener("input", show);
  bar.hidden = false;
  show();
}
