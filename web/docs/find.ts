export {};

const box = document.querySelector<HTMLInputElement>('#find');
const told = document.querySelector('#found');
const articles = [...document.querySelectorAll<HTMLElement>('article[data-find]')];
const groups = [...document.querySelectorAll<HTMLElement>('[data-group]')];

function find() {
  const words = (box?.value ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const texts = articles.map((article) => `${article.dataset.find} ${article.textContent}`.toLowerCase());
  articles.forEach((article, n) => {
    article.hidden = !words.every((word) => texts[n]?.includes(word));
  });
  for (const group of groups) group.hidden = !group.querySelector('article:not([hidden])');
  const left = articles.filter(({ hidden }) => !hidden).length;
  if (told) told.textContent = words.length > 0 ? `${left} of ${articles.length} fit.` : '';
}

box?.addEventListener('input', find);
