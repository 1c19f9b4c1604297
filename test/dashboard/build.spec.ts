import t from 'tap';
import { builtPage } from '../kit/page-server.js';

t.test('the page is small, and has nothing in its HTML that its policy would refuse', async (t) => {
  const { html, js, css } = await builtPage();
  t.ok(Buffer.byteLength(js) < 64 * 1024, `${Buffer.byteLength(js)} bytes of JavaScript`);
  t.ok(Buffer.byteLength(css) < 20_000, `${Buffer.byteLength(css)} bytes of CSS`);
  t.notMatch(html, /style=|<style|\son\w+=|<script(?! type="module" src="\/page\.js"><\/script>)/);
  t.notMatch(html + css, /url\(|https?:|@import/, 'it asks nobody else');
  t.notMatch(js, /\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML/);
});
