package infra

import "encoding/json"

// The calls that a cluster takes, by what they need to be allowed on. Nothing else is ever called: neither other
// services nor other people's things.
var (
	// lookActions read; EC2 allows them on everything or on nothing.
	lookActions = []string{
		"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones", "ec2:DescribeImages",
		"ec2:DescribeInstanceAttribute", "ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeInstanceTypeOfferings",
		"ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeKeyPairs",
		"ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables",
		"ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets",
		"ec2:DescribeTags", "ec2:DescribeVolumes", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcs",
	}
	// makeActions make things that carry the tags from their first moment on.
	makeActions = []string{
		"ec2:CreateInternetGateway", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc",
		"ec2:ImportKeyPair", "ec2:RunInstances",
	}
	// changeActions change and delete what carries the tags.
	changeActions = []string{
		"ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress",
		"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateRoute", "ec2:DeleteInternetGateway", "ec2:DeleteKeyPair",
		"ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet", "ec2:DeleteTags",
		"ec2:DeleteVolume", "ec2:DeleteVpc", "ec2:DetachInternetGateway", "ec2:DisassociateRouteTable",
		"ec2:ModifyInstanceAttribute", "ec2:ModifyInstanceMetadataOptions", "ec2:ModifySubnetAttribute",
		"ec2:ModifyVpcAttribute", "ec2:ReleaseAddress", "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation",
		"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", "ec2:StartInstances", "ec2:StopInstances",
		"ec2:TerminateInstances",
	}
)

// Policy is an IAM policy with which clusters can be made and destroyed in one region, and nothing else: what does not
// carry flashmob's tags can be looked at, and neither changed nor deleted.
func Policy(region string) string {
	type conditions map[string]map[string]any
	type statement struct {
		Sid       string
		Effect    string
		Action    any
		Resource  any
		Condition conditions `json:",omitempty"`
	}
	here := map[string]any{"aws:RequestedRegion": region}
	tagged := map[string]any{"aws:ResourceTag/" + TagRun: "false"}
	policy := struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"Look", "Allow", lookActions, "*", conditions{"StringEquals": here}},
		{"FindTheNewestImage", "Allow", "ssm:GetParameter", "arn:aws:ssm:" + region + "::parameter/aws/service/*", nil},
		{"Make", "Allow", makeActions, "*", conditions{"StringEquals": here}},
		{"TagWhatIsMade", "Allow", "ec2:CreateTags", "*", conditions{"StringEquals": here, "Null": {"aws:RequestTag/" + TagRun: "false"}}},
		{"ChangeTagsOfOurs", "Allow", "ec2:CreateTags", "*", conditions{"StringEquals": here, "Null": tagged}},
		{"ChangeAndDeleteOurs", "Allow", changeActions, "*", conditions{"StringEquals": here, "Null": tagged}},
		{"ReadThePriceList", "Allow", "pricing:GetProducts", "*", nil},
		{"BuyOnTheSpotMarket", "Allow", "iam:CreateServiceLinkedRole", "arn:aws:iam::*:role/aws-service-role/spot.amazonaws.com/*",
			conditions{"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}}},
	}}
	text, err := json.MarshalIndent(policy, "", "  ")
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text) + "\n"
}
