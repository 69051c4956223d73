module ringback.example/clients

go 1.21

require github.com/tencentcloud/tencentcloud-sdk-go v1.0.162
