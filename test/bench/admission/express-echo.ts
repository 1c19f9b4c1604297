/** The least that express can do: JSON in, the same JSON out, everything else as it comes. */
import express from 'express';
import { serveEcho } from './serve-echo.js';

const app = express();
app.post('/validate', express.json({ limit: '7mb' }), (request, response) => {
  response.json(request.body);
});
serveEcho(app);
