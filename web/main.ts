import './styles/index.css';
import './ui/useTheme';
import { createApp } from 'vue';
import App from './App.vue';
import { provideClient } from './lib/client';
import { router } from './routes';

const app = createApp(App);
provideClient(app);
app.use(router).mount('#app');

// Once the page is there: what it keeps for later must not make it late.
if (import.meta.env.PROD)
  addEventListener('load', () => void import('./updates/useUpdate').then(({ register }) => register()));
