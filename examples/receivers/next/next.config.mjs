export default { distDir: "dist" };
