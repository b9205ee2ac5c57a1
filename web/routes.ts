import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { start } from './auth/useStart';
import { useViewer } from './auth/useViewer';

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', component: () => import('./auth/LogIn.vue'), meta: { door: true } },
    { path: '/register', component: () => import('./auth/Register.vue'), meta: { door: true } },
    { path: '/invite', component: () => import('./auth/Register.vue'), meta: { door: true } },
    { path: '/recover', component: () => import('./auth/Recover.vue'), meta: { door: true } },
    { path: '/reset', component: () => import('./auth/Reset.vue'), meta: { open: true } },
    { path: '/setup', component: () => import('./setup/SetUp.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('./rooms/RoomsLayout.vue'),
      children: [
        { path: '', name: 'home', component: () => import('./rooms/RoomsHome.vue'), meta: { list: true } },
        { path: 'waiting', name: 'waiting', component: () => import('./rooms/RoomsHome.vue'), meta: { list: true } },
        { path: 'r/:id', name: 'room', component: () => import('./rooms/RoomPage.vue'), props: true },
        { path: 'join', name: 'join', component: () => import('./rooms/RoomByLink.vue') },
        {
          path: 'admin/:part(people|rooms|invitations|server|storage|log)?',
          name: 'admin',
          component: () => import('./administration/AdminPage.vue'),
          props: true,
          meta: { admin: true },
        },
        { path: 'settings', name: 'settings', component: () => import('./settings/SettingsPage.vue') },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
});

/** Where to go after signing in: a path of this site, nothing else. */
export const nextPath = (route: RouteLocationNormalized) => {
  const next = route.query.next;
  return typeof next === 'string' && /^\/(?![/\\])/.test(next)
    ? next + (route.path === '/invite' ? '' : route.hash)
    : '/';
};

router.beforeEach(async (to) => {
  if (!(await start())) return false;
  const { viewer } = useViewer();
  if (to.meta.door) return viewer.value ? nextPath(to) : true;
  if (to.meta.admin && viewer.value && !viewer.value.isAdmin) return '/';
  if (to.meta.open || viewer.value) return true;
  // What follows the # of a link is a secret: it goes into no query, which a reload would send.
  const next = to.fullPath.slice(0, to.fullPath.length - to.hash.length);
  return { path: '/login', query: next === '/' ? {} : { next }, hash: to.hash };
});

// A new version was put in place while this page was open: its parts have other names now.
router.onError((_error, to) => {
  if (to.fullPath !== location.pathname + location.search + location.hash) location.assign(to.fullPath);
});
