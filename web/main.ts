import './styles/index.css';
import './ui/useTheme';
import { createApp } from 'vue';
import App from './App.vue';
import { router } from './routes';

createApp(App).use(router).mount('#app');

// Once the page is there: what it keeps for later must not make it late.
if (import.meta.env.PROD)
  addEventListener('load', () => void import('./updates/useUpdate').then(({ register }) => register()));
