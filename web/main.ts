import './styles/index.css';
import './ui/useTheme';
import { createApp } from 'vue';
import App from './App.vue';
import { provideClient } from './lib/client';
import { router } from './routes';

const app = createApp(App);
provideClient(app);
app.use(router).mount('#app');
