/** The cloud's own host names. Some clients know no other address, so users let these names resolve to this server. */
export const cloudHosts: readonly string[] = ["*.api.tencentyun.com", "*.api.qcloud.com"];
